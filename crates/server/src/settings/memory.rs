//! How much memory there is: the machine's, or less if a control group says so.

use std::path::Path;

/// Where nothing tells.
const UNKNOWN: u64 = 4 << 30;

/// What this process could use at most.
pub(super) fn available() -> u64 {
    available_below(Path::new("/"))
}

fn available_below(root: &Path) -> u64 {
    let machine = read(root, "proc/meminfo").and_then(|text| machine_bytes(&text)).unwrap_or(UNKNOWN);
    let groups = read(root, "proc/self/cgroup").unwrap_or_default();
    group_limits(root, &groups).fold(machine, u64::min)
}

fn machine_bytes(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The limits of this process's control group and of all above it, in both layouts of the kernel.
fn group_limits<'a>(root: &'a Path, groups: &'a str) -> impl Iterator<Item = u64> + 'a {
    groups.lines().flat_map(move |line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let controllers = fields.next().unwrap_or_default();
        let path = fields.next().unwrap_or_default().trim_start_matches('/');
        let (base, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            list if list.split(',').any(|name| name == "memory") => ("sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => return Vec::new(),
        };
        // Inside a container the path may be the host's; the group itself is then at the base.
        Path::new(path)
            .ancestors()
            .filter_map(|group| read(&root.join(base).join(group), file)?.trim().parse().ok())
            .collect::<Vec<u64>>()
    })
}

fn read(directory: &Path, file: &str) -> Option<String> {
    std::fs::read_to_string(directory.join(file)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn the_lowest_limit_counts() {
        let meminfo = ("proc/meminfo", "MemTotal:        8388608 kB\nMemFree: 1 kB\n");
        assert_eq!(available_below(tree(&[meminfo]).path()), 8 << 30);
        let unlimited = [meminfo, ("proc/self/cgroup", "0::/a/b\n"), ("sys/fs/cgroup/a/b/memory.max", "max\n")];
        assert_eq!(available_below(tree(&unlimited).path()), 8 << 30);
        let parent = [meminfo, ("proc/self/cgroup", "0::/a/b\n"), ("sys/fs/cgroup/a/memory.max", "1073741824\n")];
        assert_eq!(available_below(tree(&parent).path()), 1 << 30);
        let container = [meminfo, ("proc/self/cgroup", "0::/host/x\n"), ("sys/fs/cgroup/memory.max", "1048576\n")];
        assert_eq!(available_below(tree(&container).path()), 1 << 20);
        let older = [
            meminfo,
            ("proc/self/cgroup", "5:cpu:/x\n3:hugetlb,memory:/x\n"),
            ("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "2097152\n"),
        ];
        assert_eq!(available_below(tree(&older).path()), 2 << 20);
    }

    #[test]
    fn a_machine_that_does_not_tell_gets_a_guess() {
        assert_eq!(available_below(tree(&[]).path()), UNKNOWN);
        assert!(available() > 0);
    }
}
