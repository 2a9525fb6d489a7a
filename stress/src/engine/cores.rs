//! How many cores this process may use: those that it may run on, and no more than its control group's quota.

use std::path::{Path, PathBuf};

/// Cores that the process may keep busy, quotas of a part of one included; `None` when the system does not say.
pub(super) fn usable() -> Option<f64> {
    of(&|path| std::fs::read_to_string(path).ok())
}

/// The same of a system whose files are read like this.
fn of(read: &dyn Fn(&Path) -> Option<String>) -> Option<f64> {
    let status = read(Path::new("/proc/self/status"))?;
    let allowed = allowed(status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?)?;
    Some(quota(read).map_or(allowed, |quota| quota.min(allowed)))
}

/// How many cores a list like `0-3,7` names.
fn allowed(list: &str) -> Option<f64> {
    let range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        Some(f64::from(last.checked_sub(first)? + 1))
    };
    list.trim().split(',').map(range).sum()
}

/// The smallest quota of the process's control group and those above it, in cores.
fn quota(read: &dyn Fn(&Path) -> Option<String>) -> Option<f64> {
    let (mounts, groups) = (read(Path::new("/proc/self/mountinfo"))?, read(Path::new("/proc/self/cgroup"))?);
    let mounts = mounts.lines().filter_map(Mount::parse);
    let quotas = mounts.flat_map(|mount| {
        let group = groups.lines().find_map(|line| mount.group(line));
        let folders = group.map(|group| mount.folders(group)).unwrap_or_default();
        folders.into_iter().filter_map(move |folder| mount.quota(&folder, read))
    });
    quotas.min_by(f64::total_cmp)
}

/// Where control groups that limit processors can be read.
struct Mount<'a> {
    /// The group that is found at `point`.
    root: &'a str,
    point: &'a str,
    version: Version,
}

/// The two kinds of control groups.
#[derive(Clone, Copy, PartialEq)]
enum Version {
    One,
    Two,
}

impl<'a> Mount<'a> {
    /// A line of `/proc/self/mountinfo`: fields, a lone `-`, then the kind, the source and the options.
    fn parse(line: &'a str) -> Option<Self> {
        let (mount, kind) = line.split_once(" - ")?;
        let mut kind = kind.split(' ');
        let version = match (kind.next()?, kind.nth(1)) {
            ("cgroup2", _) => Version::Two,
            ("cgroup", Some(options)) if options.split(',').any(|option| option == "cpu") => Version::One,
            _ => return None,
        };
        let mut fields = mount.split(' ').skip(3);
        Some(Self { root: fields.next()?, point: fields.next()?, version })
    }

    /// The process's group, when this line of `/proc/self/cgroup` (`number:controllers:group`) tells it.
    fn group(&self, line: &'a str) -> Option<&'a str> {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, group) = (fields.next()?, fields.next()?);
        let mine = match self.version {
            Version::One => controllers.split(',').any(|controller| controller == "cpu"),
            Version::Two => controllers.is_empty(),
        };
        mine.then_some(group)
    }

    /// The group's folder and those above it. A group outside of what is mounted, as in a container that shows its own
    /// group as the root, leaves the mount itself.
    fn folders(&self, group: &str) -> Vec<PathBuf> {
        let point = Path::new(self.point);
        let inside = Path::new(group).strip_prefix(self.root).unwrap_or(Path::new(""));
        inside.ancestors().map(|part| point.join(part)).collect()
    }

    fn quota(&self, folder: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Option<f64> {
        match self.version {
            Version::Two => {
                let limit = read(&folder.join("cpu.max"))?;
                let (quota, period) = limit.trim().split_once(' ')?;
                share(quota, period)
            }
            Version::One => {
                let file = |name: &str| read(&folder.join(name));
                share(file("cpu.cfs_quota_us")?.trim(), file("cpu.cfs_period_us")?.trim())
            }
        }
    }
}

/// A quota over its period, both in microseconds; `max` and -1 are none.
fn share(quota: &str, period: &str) -> Option<f64> {
    let (quota, period): (f64, f64) = (quota.parse().ok()?, period.parse().ok()?);
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
    const ONE: &str = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
                       33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
                       36 31 0:33 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory";

    /// The cores of a system with these files and four allowed ones.
    fn cores(mounts: &str, groups: &str, files: &[(&str, &str)]) -> Option<f64> {
        of(&|path| {
            let found = match path.to_str().unwrap() {
                "/proc/self/status" => "Name:\tx\nCpus_allowed_list:\t0-2,5\nMems_allowed:\t1\n",
                "/proc/self/mountinfo" => mounts,
                "/proc/self/cgroup" => groups,
                path => files.iter().find(|(name, _)| *name == path)?.1,
            };
            Some(found.to_owned())
        })
    }

    #[test]
    fn lists_of_cores_are_counted() {
        for (list, count) in
            [("0", Some(1.0)), ("\t0-3\n", Some(4.0)), ("0-1,4,6-7", Some(5.0)), ("", None), ("3-1", None)]
        {
            assert_eq!(allowed(list), count, "{list:?}");
        }
    }

    #[test]
    fn the_smallest_quota_on_the_way_up_counts() {
        let at = |max: &'static str| ("/sys/fs/cgroup/a/b/cpu.max", max);
        for (files, expected) in [
            (vec![], 4.0),
            (vec![at("max 100000\n")], 4.0),
            (vec![at("50000 100000\n")], 0.5),
            (vec![at("250000 100000\n")], 2.5),
            (vec![at("900000 100000\n")], 4.0),
            (vec![at("300000 100000\n"), ("/sys/fs/cgroup/a/cpu.max", "150000 100000\n")], 1.5),
            (vec![at("nonsense")], 4.0),
        ] {
            assert_eq!(cores(TWO, "0::/a/b\n", &files), Some(expected), "{files:?}");
        }
    }

    #[test]
    fn first_version_groups_have_their_quota_in_two_files() {
        let groups = "9:memory:/m\n4:cpu,cpuacct:/docker/x\n0::/\n";
        let folder = "/sys/fs/cgroup/cpu,cpuacct/docker/x";
        let (quota, period) = (format!("{folder}/cpu.cfs_quota_us"), format!("{folder}/cpu.cfs_period_us"));
        for (limit, expected) in [("-1\n", 4.0), ("75000\n", 0.75)] {
            assert_eq!(cores(ONE, groups, &[(&*quota, limit), (&*period, "100000\n")]), Some(expected));
        }
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_root() {
        let files = [("/sys/fs/cgroup/cpu.max", "20000 100000\n")];
        assert_eq!(cores(TWO, "0::/\n", &files), Some(0.2));
        let inner = TWO.replace("0:26 / ", "0:26 /pod/x ");
        assert_eq!(cores(&inner, "0::/pod/x\n", &files), Some(0.2));
        assert_eq!(cores(&inner, "0::/elsewhere\n", &files), Some(0.2));
    }

    #[test]
    fn a_system_without_these_files_says_nothing() {
        assert_eq!(of(&|_| None), None);
    }
}
