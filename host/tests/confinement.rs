//! Allowed and forbidden operations of a confined process.
//!
//! Confinement cannot be undone, so each test starts itself again in a new process and confines its thread there.
//! Operations that only Landlock prevents are tested if the kernel has Landlock; otherwise the host must log that it is
//! missing.
#![cfg(target_os = "linux")]
#![allow(clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mattermost_plugin_rpc::go_plugin::{Handshake, Listener};
use mattermost_plugin_rpc::mattermost::{Any, HANDSHAKE, RpcApi};
use mattermost_plugin_rpc::net_rpc::{self, Client, Reply, Route, Service};
use plugin_host::confinement::{Confinement, confine};
use seccompiler::{SeccompAction, SeccompFilter, TargetArch};

/// Set in the confined process: the folder for the test.
const PLAYGROUND: &str = "CONFINEMENT_PLAYGROUND";

/// The folder of a test. It is prepared outside the confined process and removed after the test.
struct Playground(PathBuf);

impl Playground {
    /// The name is short, because the path of a socket is limited.
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("confine-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(folder.join("folder")).unwrap();
        fs::write(folder.join("secret"), "secret").unwrap();
        Self(folder)
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The state of a test in the confined process.
struct Confined {
    playground: PathBuf,
    listening: Listener,
    confinement: Confinement,
}

impl Confined {
    /// Binds the socket like the host, and confines the thread.
    fn new() -> Self {
        let listening = listening();
        Self {
            confinement: confine(&listening),
            playground: playground().unwrap(),
            listening,
        }
    }

    /// Whether this part is active. If it is not, checks that the host logged it.
    fn has(&self, part: &str) -> bool {
        let told = self.confinement.to_string();
        let (active, missing) = told.split_once("; not active: ").unwrap_or((&told, ""));
        let has = active.contains(part);
        assert_ne!(has, missing.contains(part), "{part}: {told}");
        has
    }

    fn landlock(&self) -> bool {
        self.has("files (Landlock)")
    }
}

fn listening() -> Listener {
    let cookie = "Securely message teams, anywhere.";
    let folder = playground().unwrap().into_os_string();
    let vars = |name: &str| match name {
        "MATTERMOST_PLUGIN" => Some(cookie.into()),
        "PLUGIN_UNIX_SOCKET_DIR" => Some(folder.clone()),
        _ => None,
    };
    Handshake::from_vars(&HANDSHAKE, vars)
        .unwrap()
        .bind()
        .unwrap()
}

fn playground() -> Option<PathBuf> {
    std::env::var_os(PLAYGROUND).map(PathBuf::from)
}

/// Runs `probe` in a new process of this test.
fn apart(test: &str, probe: impl FnOnce()) {
    if playground().is_some() {
        return probe();
    }
    let playground = Playground::new();
    let program = std::env::current_exe().unwrap();
    run(test, &program, &playground, &[]);
}

fn run(test: &str, program: &Path, playground: &Playground, variables: &[(&str, &Path)]) {
    let output = Command::new(program)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env_remove("SSL_CERT_FILE")
        .env_remove("SSL_CERT_DIR")
        .env(PLAYGROUND, &playground.0)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[track_caller]
fn refused<T>(what: &str, result: io::Result<T>) {
    let kind = result.err().map(|error| error.kind());
    assert_eq!(kind, Some(ErrorKind::PermissionDenied), "{what}");
}

/// Every operation of std that changes files.
fn nothing_is_written(place: &Path) {
    nothing_is_written_but_modes(place);
    let mode = Permissions::from_mode(0o777);
    refused("its mode", fs::set_permissions(place.join("secret"), mode));
}

/// The same, without operations that Landlock cannot restrict.
fn nothing_is_written_but_modes(place: &Path) {
    let existing = place.join("secret");
    refused("a new file", File::create(place.join("new")));
    refused("an old file", fs::write(&existing, "x"));
    refused(
        "at its end",
        OpenOptions::new().append(true).open(&existing),
    );
    let mut both = OpenOptions::new();
    refused("to and fro", both.read(true).write(true).open(&existing));
    refused("a folder", fs::create_dir(place.join("new")));
    refused("its name", fs::rename(&existing, place.join("new")));
    refused("a link", fs::hard_link(&existing, place.join("new")));
    refused("a symbolic link", symlink(&existing, place.join("new")));
    refused("a device", OpenOptions::new().write(true).open("/dev/null"));
}

fn nothing_is_executed() {
    refused("a program", Command::new("/bin/true").status());
    refused(
        "in its own place",
        Err::<(), _>(Command::new("/bin/true").exec()),
    );
    let itself = std::env::current_exe().unwrap();
    refused("itself", Command::new(itself).status());
}

#[test]
fn no_file_is_written() {
    apart("no_file_is_written", || {
        let confined = Confined::new();
        nothing_is_written(&confined.playground);
        let own = confined.listening.path().parent().unwrap();
        refused("beside the socket", File::create(own.join("new")));
        if confined.landlock() {
            refused(
                "removed",
                fs::remove_file(confined.playground.join("secret")),
            );
        }
    });
}

#[test]
fn nothing_is_started() {
    apart("nothing_is_started", || {
        let _confined = Confined::new();
        nothing_is_executed();
    });
}

#[test]
fn unlisted_paths_cannot_be_read() {
    apart("unlisted_paths_cannot_be_read", || {
        let secret = playground().unwrap().join("secret");
        assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
        let confined = Confined::new();
        if confined.landlock() {
            refused("a file", fs::read(&secret));
            refused("a folder", fs::read_dir(&confined.playground));
            refused(
                "the socket's folder",
                fs::read_dir(secret.parent().unwrap()),
            );
            let parent = format!("/proc/{}/environ", std::os::unix::process::parent_id());
            refused("another process", fs::read(parent));
        }
    });
}

#[test]
fn the_bundle_can_be_read_but_not_the_files_next_to_it() {
    let test = "the_bundle_can_be_read_but_not_the_files_next_to_it";
    if playground().is_none() {
        let playground = Playground::new();
        let bundle = playground.0.join("bundle");
        fs::create_dir_all(bundle.join("server/dist")).unwrap();
        fs::create_dir_all(bundle.join("assets")).unwrap();
        fs::write(bundle.join("plugin.json"), "{}").unwrap();
        fs::write(bundle.join("assets/icon"), "icon").unwrap();
        let program = bundle.join("server/dist/plugin");
        // Copy in another process. Otherwise a child process of a concurrent test could inherit the file while it is
        // open for writing, and a program that is open for writing does not start.
        let mut copy = Command::new("cp");
        copy.arg(std::env::current_exe().unwrap()).arg(&program);
        assert!(copy.status().unwrap().success());
        return run(test, &program, &playground, &[]);
    }
    let confined = Confined::new();
    let bundle = confined.playground.join("bundle");
    assert_eq!(
        fs::read_to_string(bundle.join("assets/icon")).unwrap(),
        "icon"
    );
    assert!(fs::read_dir(&bundle).unwrap().count() > 0);
    refused("written", File::create(bundle.join("assets/new")));
    if confined.landlock() {
        refused("beside", fs::read(confined.playground.join("secret")));
    }
}

#[test]
fn names_are_resolved() {
    apart("names_are_resolved", || {
        let resolving = ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"];
        let libraries = ["/lib", "/lib64", "/usr/lib", "/usr/lib64"];
        let there = || {
            let files = resolving.map(|path| fs::read(path).is_ok());
            (files, libraries.map(|path| fs::read_dir(path).is_ok()))
        };
        let before = there();
        let _confined = Confined::new();
        assert_eq!(there(), before);
        assert!(("localhost", 80).to_socket_addrs().unwrap().count() > 0);
    });
}

#[test]
fn the_systems_authorities_are_found() {
    apart("the_systems_authorities_are_found", || {
        let before = rustls_native_certs::load_native_certs();
        let _confined = Confined::new();
        let after = rustls_native_certs::load_native_certs();
        assert_eq!(before.certs, after.certs);
        assert_eq!(
            before.errors.len(),
            after.errors.len(),
            "{:?}",
            after.errors
        );
    });
}

#[test]
fn authorities_that_variables_name_are_found_through_their_links() {
    let test = "authorities_that_variables_name_are_found_through_their_links";
    if playground().is_none() {
        let playground = Playground::new();
        let (file, folder) = (
            playground.0.join("authority.pem"),
            playground.0.join("folder"),
        );
        fs::write(&file, AUTHORITY).unwrap();
        fs::create_dir(playground.0.join("elsewhere")).unwrap();
        let target = playground.0.join("elsewhere/authority.pem");
        fs::write(&target, AUTHORITY).unwrap();
        symlink(&target, folder.join("link.pem")).unwrap();
        let program = std::env::current_exe().unwrap();
        run(test, &program, &playground, &[("SSL_CERT_FILE", &file)]);
        return run(test, &program, &playground, &[("SSL_CERT_DIR", &folder)]);
    }
    let confined = Confined::new();
    let found = rustls_native_certs::load_native_certs();
    assert_eq!((found.certs.len(), found.errors.len()), (1, 0), "{found:?}");
    if confined.landlock() {
        refused("another file", fs::read(confined.playground.join("secret")));
    }
}

/// The host uses this socket to read the machine's own addresses.
#[test]
fn f39_a_socket_is_bound_to_the_machines_own_addresses_and_to_no_others() {
    let test = "f39_a_socket_is_bound_to_the_machines_own_addresses_and_to_no_others";
    apart(test, || {
        let _confined = Confined::new();
        assert!(UdpSocket::bind("127.0.0.1:0").is_ok());
        let others = UdpSocket::bind("8.8.8.8:0").err().map(|error| error.kind());
        assert_eq!(others, Some(ErrorKind::AddrNotAvailable));
    });
}

/// Replaces a link, like Kubernetes for a secret, and a file, like a tool that renames a new file.
#[test]
fn f43_authorities_that_are_replaced_are_found() {
    let test = "f43_authorities_that_are_replaced_are_found";
    if playground().is_none() {
        let playground = Playground::new();
        let program = std::env::current_exe().unwrap();
        let volume = playground.0.join("volume");
        fs::create_dir_all(volume.join("..first")).unwrap();
        fs::write(volume.join("..first/ca.pem"), AUTHORITY).unwrap();
        symlink("..first", volume.join("..data")).unwrap();
        symlink("..data/ca.pem", volume.join("ca.pem")).unwrap();
        let file = volume.join("ca.pem");
        run(test, &program, &playground, &[("SSL_CERT_FILE", &file)]);
        let own = playground.0.join("own");
        fs::create_dir(&own).unwrap();
        fs::write(own.join("ca.pem"), AUTHORITY).unwrap();
        let file = own.join("ca.pem");
        return run(test, &program, &playground, &[("SSL_CERT_FILE", &file)]);
    }
    let file = PathBuf::from(std::env::var_os("SSL_CERT_FILE").unwrap());
    let another = rcgen::generate_simple_self_signed(Vec::new()).unwrap();
    let next = format!("{AUTHORITY}\n{}", another.cert.pem());
    // This thread starts before the other one is confined.
    let (replace, wanted) = std::sync::mpsc::channel();
    let replacing = std::thread::spawn(move || {
        wanted.recv().unwrap();
        let folder = file.parent().unwrap();
        if folder.join("..data").exists() {
            fs::create_dir(folder.join("..second")).unwrap();
            fs::write(folder.join("..second/ca.pem"), next).unwrap();
            symlink("..second", folder.join("..data_tmp")).unwrap();
            fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
            fs::remove_dir_all(folder.join("..first")).unwrap();
        } else {
            fs::write(folder.join("next.pem"), next).unwrap();
            fs::rename(folder.join("next.pem"), &file).unwrap();
        }
    });
    let confined = Confined::new();
    let authorities = || {
        let found = rustls_native_certs::load_native_certs();
        assert!(found.errors.is_empty(), "{found:?}");
        found.certs.len()
    };
    assert_eq!(authorities(), 1);
    replace.send(()).unwrap();
    replacing.join().unwrap();
    assert_eq!(authorities(), 2);
    if confined.landlock() {
        refused("another file", fs::read(confined.playground.join("secret")));
    }
}

#[test]
fn threads_can_be_started_and_read_process_information() {
    apart(
        "threads_can_be_started_and_read_process_information",
        || {
            let _confined = Confined::new();
            let status = std::thread::spawn(|| fs::read_to_string("/proc/thread-self/status"));
            assert!(status.join().unwrap().unwrap().contains("NoNewPrivs:\t1"));
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            let inherited = runtime.block_on(async {
                let try_it = || Command::new("/bin/true").status();
                tokio::task::spawn_blocking(try_it).await.unwrap()
            });
            refused("in a thread", inherited);
        },
    );
}

#[test]
fn connections_go_out_and_none_come_in() {
    apart("connections_go_out_and_none_come_in", || {
        let peer = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = peer.local_addr().unwrap();
        let confined = Confined::new();
        let mut out = TcpStream::connect(address).unwrap();
        out.write_all(b"hello").unwrap();
        drop(out);
        let mut text = String::new();
        peer.accept().unwrap().0.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
        refused("a port", TcpListener::bind("127.0.0.1:0"));
        let own = confined.listening.path().parent().unwrap();
        refused("another socket", UnixListener::bind(own.join("more.sock")));
        if confined.confinement.is_complete() {
            let [level, message, _] = told(&confined.confinement);
            assert_eq!(
                (level.as_str(), message.contains("in part")),
                ("info", false)
            );
        }
    });
}

/// Databases, container engines, and the server's local mode trust local connections of this user.
#[test]
fn names_are_resolved_without_local_sockets() {
    let test = "names_are_resolved_without_local_sockets";
    apart(test, || {
        let peer = playground().unwrap().join("peer.sock");
        let _listening = UnixListener::bind(&peer).unwrap();
        assert!(UnixStream::connect(&peer).is_ok());
        let _confined = Confined::new();
        refused("a stream", UnixStream::connect(&peer));
        refused("a datagram", UnixDatagram::unbound());
        // Socket pairs stay within the process. The runtime needs them.
        assert!(UnixStream::pair().is_ok());
        // Datagram pairs could send to any address.
        refused("a pair of datagrams", UnixDatagram::pair());
        let packets = i64::from(libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC);
        let local = i64::from(libc::AF_UNIX);
        assert_eq!(
            call_with(libc::SYS_socketpair, local, packets),
            Some(libc::EPERM)
        );
        assert!(("localhost", 80).to_socket_addrs().unwrap().count() > 0);
    });
}

/// Makes a system call whose arguments have no effect if it is allowed. Returns its error.
///
/// Exception to `deny(unsafe_code)`: no library has a function for each of these.
#[allow(unsafe_code)]
fn call_with(number: libc::c_long, first: i64, second: i64) -> Option<i32> {
    let nothing: i64 = -1;
    let answer = unsafe { libc::syscall(number, first, second, 0_i64, nothing, nothing, nothing) };
    (answer == -1).then(|| io::Error::last_os_error().raw_os_error().unwrap())
}

fn call(number: libc::c_long, first: i64) -> Option<i32> {
    call_with(number, first, 0)
}

/// A file can be configured to send any signal to any process when it is readable.
#[test]
fn no_file_sends_signals_to_others() {
    apart("no_file_sends_signals_to_others", || {
        // If it is allowed, it fails for another reason.
        let no_file = -1;
        assert_eq!(call_with(libc::SYS_fcntl, no_file, 8), Some(libc::EBADF));
        let _confined = Confined::new();
        for command in [8, 10, 15] {
            let told = call_with(libc::SYS_fcntl, no_file, command);
            assert_eq!(told, Some(libc::EPERM), "fcntl {command}");
        }
        for request in [0x8901, 0x8902] {
            let told = call_with(libc::SYS_ioctl, no_file, request);
            assert_eq!(told, Some(libc::EPERM), "ioctl {request:x}");
        }
        assert_eq!(call_with(libc::SYS_fcntl, no_file, 1), Some(libc::EBADF));
    });
}

#[test]
fn calls_that_reach_into_other_processes_or_were_added_lately_are_refused() {
    let test = "calls_that_reach_into_other_processes_or_were_added_lately_are_refused";
    apart(test, || {
        let parent = i64::from(std::os::unix::process::parent_id());
        let calls = [
            ("pidfd_open", libc::SYS_pidfd_open, parent),
            ("process_madvise", 440, -1),
            ("quotactl_fd", 443, -1),
            ("process_mrelease", 448, -1),
            ("fchmodat2", 452, -1),
            ("statmount", 457, 0),
            ("listmount", 458, 0),
            ("setxattrat", 463, -1),
            ("removexattrat", 466, -1),
            ("open_tree_attr", 467, -1),
            ("file_setattr", 469, -1),
            ("setpriority", libc::SYS_setpriority, -1),
            ("sched_setaffinity", libc::SYS_sched_setaffinity, parent),
            ("sched_setscheduler", libc::SYS_sched_setscheduler, parent),
            ("sched_setattr", libc::SYS_sched_setattr, parent),
            ("ioprio_set", libc::SYS_ioprio_set, -1),
            ("move_pages", libc::SYS_move_pages, parent),
            ("prlimit64", libc::SYS_prlimit64, parent),
            ("shmget", libc::SYS_shmget, 0),
            ("shmat", libc::SYS_shmat, -1),
            ("semget", libc::SYS_semget, 0),
            ("msgget", libc::SYS_msgget, -1),
            ("mq_open", libc::SYS_mq_open, 0),
        ];
        let own_limit = || call(libc::SYS_prlimit64, 0);
        let before = own_limit();
        let _confined = Confined::new();
        let let_through = calls
            .iter()
            .filter(|(_, number, first)| call(*number, *first) != Some(libc::EPERM));
        let let_through: Vec<_> = let_through.map(|(name, ..)| name).collect();
        assert!(let_through.is_empty(), "{let_through:?}");
        assert_eq!(own_limit(), before);
    });
}

mattermost_plugin_rpc::gob_struct! {
    #[derive(Clone, Debug, Default)]
    struct Logged = "Z_LogArgs" {
        message: String = "A",
        fields: Vec<Any> = "B",
    }
}

/// A server that records log lines.
struct Journal(std::sync::mpsc::Sender<(String, Logged)>);

impl Service for Journal {
    type Call = (&'static str, Logged);

    fn route(&self, method: &str) -> Option<Route<Self::Call>> {
        match method {
            "Plugin.LogInfo" => Some(Route::new(|line| ("info", line))),
            "Plugin.LogWarn" => Some(Route::new(|line| ("warning", line))),
            _ => None,
        }
    }

    async fn run(&self, (level, line): Self::Call) -> Result<Reply, String> {
        self.0.send((level.to_owned(), line)).unwrap();
        Ok(Reply::empty())
    }
}

/// The log lines about it: level, message, and field.
fn told(confinement: &Confinement) -> [String; 3] {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_time().build().unwrap();
    let (sender, lines) = std::sync::mpsc::channel();
    runtime.block_on(async {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let serving = tokio::spawn(net_rpc::serve(theirs, Arc::new(Journal(sender))));
        confinement
            .log_status(&RpcApi::new(Client::new(ours)))
            .await;
        serving.abort();
    });
    let (level, line) = lines.try_recv().unwrap();
    let field = format!("{:?}", line.fields);
    [level, line.message, field]
}

/// Another process. It ends when its input is closed.
fn waiting() -> Child {
    let mut program = Command::new("cat");
    program.stdin(Stdio::piped()).spawn().unwrap()
}

#[test]
fn another_process_gets_no_signal() {
    apart("another_process_gets_no_signal", || {
        let mut waiting = waiting();
        let _confined = Confined::new();
        refused("killed", waiting.kill());
        drop(waiting.stdin.take());
        assert!(waiting.wait().unwrap().success());
    });
}

#[test]
fn the_socket_is_removed() {
    apart("the_socket_is_removed", || {
        let confined = Confined::new();
        let folder = confined.listening.path().parent().unwrap().to_owned();
        assert!(folder.exists());
        drop(confined.listening);
        assert!(!folder.exists());
    });
}

/// Makes the kernel reject these system calls, like an old kernel or a container.
fn refuse(calls: &[libc::c_long], error: i32) {
    let rules: BTreeMap<_, _> = calls.iter().map(|call| (*call, Vec::new())).collect();
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(error.unsigned_abs()),
        TargetArch::try_from(std::env::consts::ARCH).unwrap(),
    );
    let program: seccompiler::BpfProgram = filter.unwrap().try_into().unwrap();
    seccompiler::apply_filter(&program).unwrap();
}

#[test]
fn without_landlock_the_rest_holds_and_the_host_says_what_is_missing() {
    let test = "without_landlock_the_rest_holds_and_the_host_says_what_is_missing";
    apart(test, || {
        let mut waiting = waiting();
        refuse(&[libc::SYS_landlock_create_ruleset], libc::ENOSYS);
        let confined = Confined::new();
        assert!(!confined.confinement.is_complete());
        let [level, message, field] = told(&confined.confinement);
        assert_eq!(level, "warning");
        assert!(message.contains("only in part"), "{message}");
        assert!(field.contains("not active: files (Landlock)"), "{field}");
        assert_eq!(
            confined.confinement.to_string(),
            "active: no new privileges, system calls (seccomp); not active: files (Landlock) (this \
             kernel has no Landlock), TCP listeners (Landlock) (this kernel has no Landlock), signals \
             (Landlock) (this kernel has no Landlock)"
        );
        nothing_is_written(&confined.playground);
        nothing_is_executed();
        refused("a port", TcpListener::bind("127.0.0.1:0"));
        refused("killed", waiting.kill());
        drop(waiting.stdin.take());
        assert!(waiting.wait().unwrap().success());
    });
}

#[test]
fn if_a_container_forbids_landlock_the_host_logs_it() {
    apart("if_a_container_forbids_landlock_the_host_logs_it", || {
        refuse(&[libc::SYS_landlock_restrict_self], libc::EPERM);
        let confined = Confined::new();
        let told = confined.confinement.to_string();
        assert!(told.contains("not active: files (Landlock) ("), "{told}");
        assert_eq!(told.lines().count(), 1);
        nothing_is_executed();
    });
}

#[test]
fn without_seccomp_landlock_holds_and_the_host_says_what_is_missing() {
    let test = "without_seccomp_landlock_holds_and_the_host_says_what_is_missing";
    apart(test, || {
        let mut waiting = waiting();
        refuse(&[libc::SYS_seccomp], libc::EPERM);
        let confined = Confined::new();
        let told = confined.confinement.to_string();
        assert!(told.contains("system calls (seccomp) ("), "{told}");
        if confined.landlock() {
            nothing_is_written_but_modes(&confined.playground);
            refused("read", fs::read(confined.playground.join("secret")));
            nothing_is_executed();
        }
        if confined.has("TCP listeners (Landlock)") {
            refused("a port", TcpListener::bind("127.0.0.1:0"));
        }
        if confined.has("signals (Landlock)") {
            refused("killed", waiting.kill());
        }
        drop(waiting.stdin.take());
        assert!(waiting.wait().unwrap().success());
    });
}

/// A certificate authority for this test.
const AUTHORITY: &str = include_str!("authority.pem");
