//! nginx as an independent publisher and aggregator: it serves files and keeps uploads.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use super::competitors;
use crate::{
    deadline::Deadline,
    failure::{Context, Failure, Result},
    output::Stream,
    process::Process,
};

/// How to get nginx; with it comes everything but the uploads.
const HOW_TO_INSTALL: &str =
    "nginx is needed (on Debian: apt-get install nginx-light libnginx-mod-http-perl)";
/// Where Debian keeps the module that answers uploads.
const PERL: [&str; 2] =
    ["/usr/lib/nginx/modules/ngx_http_perl_module.so", "/usr/lib64/nginx/modules/ngx_http_perl_module.so"];

/// A running nginx; dropping it ends it.
pub(crate) struct Nginx {
    master: Process,
    /// Its address, as `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    /// Whether it takes uploads.
    pub(crate) stores: bool,
}

impl Nginx {
    /// Starts it over `folder`: what lies in `folder/fixed/SIZE` is served as every blob whose ID begins with `SIZE_`.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let program = competitors::find("nginx").context(HOW_TO_INSTALL)?;
        let perl = PERL.into_iter().map(PathBuf::from).find(|module| module.exists());
        for name in ["fixed", "store", "spool"] {
            fs::create_dir_all(folder.join(name)).context("cannot make a folder")?;
        }
        fs::write(
            folder.join("Stored.pm"),
            include_str!("Stored.pm").replace("FOLDER", &folder.to_string_lossy()),
        )
        .context("cannot write Stored.pm")?;
        // nginx cannot bind port 0; another process may take the free port in between, then the next one is tried.
        let mut last = Failure::new("nginx was not tried");
        for _ in 0..5 {
            let port = free_port()?;
            match Self::at(&program, folder, perl.as_deref(), port) {
                Ok(nginx) => return Ok(nginx),
                Err(failure) => last = failure,
            }
        }
        Err(last)
    }

    fn at(program: &Path, folder: &Path, perl: Option<&Path>, port: u16) -> Result<Self> {
        let configuration = folder.join("nginx.conf");
        fs::write(&configuration, text(folder, perl, port)).context("cannot write nginx.conf")?;
        let mut command = Command::new(program);
        command.arg("-p").arg(folder).arg("-c").arg(&configuration);
        let mut master = Process::start("nginx", command)?;
        let deadline = Deadline::after(Duration::from_secs(10));
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if deadline.passed() || !master.runs()? {
                return Err(Failure::new(format!(
                    "nginx does not listen: {}",
                    master.output().text(Stream::Stderr)
                )));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(Self { master, url: format!("http://127.0.0.1:{port}"), stores: perl.is_some() })
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Interrupted, it ends its workers, too; killed, it would leave them behind.
        if self.master.interrupt().is_ok() {
            let _ = self.master.wait(Deadline::after(Duration::from_secs(10)));
        }
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("cannot find a free port")?;
    Ok(listener.local_addr().context("cannot find a free port")?.port())
}

fn text(folder: &Path, perl: Option<&Path>, port: u16) -> String {
    let folder = folder.display();
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let (load, modules, put) = match perl {
        None => (String::new(), String::new(), "return 405;"),
        Some(module) => (
            format!("load_module {};", module.display()),
            format!("perl_modules {folder}; perl_require Stored.pm;"),
            "client_body_in_file_only on; perl Stored::handler;",
        ),
    };
    format!(
        r"{load}
{user} daemon off; worker_processes 1; pid {folder}/pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  {modules}
  access_log off; sendfile on; tcp_nodelay on; etag off; default_type application/octet-stream;
  keepalive_requests 1000000000; keepalive_timeout 600; client_max_body_size 0; open_file_cache max=100;
  client_body_temp_path {folder}/spool; proxy_temp_path {folder}/spool; fastcgi_temp_path {folder}/spool;
  uwsgi_temp_path {folder}/spool; scgi_temp_path {folder}/spool;
  server {{
    listen 127.0.0.1:{port};
    location = /status {{ return 200 OK; }}
    location = /v1/blobs {{ {put} }}
    location ~ ^/v1/blobs/[0-9]+[kM]_ {{ open_file_cache_valid 600; root {folder}/fixed; rewrite ^/v1/blobs/([0-9]+[kM])_ /$1 break; }}
    location /v1/blobs/ {{ open_file_cache off; root {folder}/store; rewrite ^/v1/blobs/(.*)$ /$1 break; }}
  }}
}}
"
    )
}
