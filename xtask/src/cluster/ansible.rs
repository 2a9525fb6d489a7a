//! The playbook, over ssh.

use super::nodes::{BLOBS, Cluster, SHORT};
use crate::failure::Result;

/// Three hosts run their parts, and the playbook merges; without one, it fails.
pub(super) fn check(cluster: &Cluster) -> Result<String> {
    let site = cluster.site("ansible", &["ansible/playbook.yml"], &SHORT)?;
    site.write("inventory.ini", b"[generators]\nnode[1:3] ansible_python_interpreter=/usr/bin/python3\n")?;
    let playbook = |words: &[&str]| {
        let mut command = site.command("ansible-playbook");
        command.env("ANSIBLE_LOCALHOST_WARNING", "false").args(["-i", "inventory.ini"]);
        site.run(command, words)
    };
    playbook(&["--syntax-check", "playbook.yml"])?.expect(0, &[])?;
    playbook(&["playbook.yml"])?.expect(0, &["failed=0"])?;
    site.stored_once(BLOBS)?;
    // Ansible takes "no hosts matched" for success; merge does not.
    site.write("inventory.ini", b"[generators]\n")?;
    playbook(&["playbook.yml"])?.expect(2, &["there is nothing to merge"])?;
    site.close()?;
    Ok(format!("{BLOBS} blobs"))
}
