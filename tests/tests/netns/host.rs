//! Further namespaces beside that of a test, as hosts of a network.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::namespace::{need, said};

/// A host with a network of its own, there as long as this is.
pub(crate) struct Host {
    /// Does nothing but be in the namespace, until it finds the end of its input.
    holder: Child,
}

/// Where a host's network is.
pub(crate) struct Namespace(File);

impl Host {
    /// A host whose only interface is the loopback.
    pub(crate) fn new() -> Self {
        let mut command = Command::new("unshare");
        let cat = command.args(["-n", "cat"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = cat.spawn().expect("unshare exists");
        let (stdin, stdout) = (holder.stdin.as_mut(), holder.stdout.as_mut());
        // What is given back says that the namespace is there.
        stdin.expect("it is piped").write_all(b"?").expect("it reads");
        stdout.expect("it is piped").read_exact(&mut [0]).expect("it is there");
        let host = Self { holder };
        host.ip("link set lo up");
        host
    }

    /// As `ip` names the namespace.
    pub(crate) fn name(&self) -> String {
        self.holder.id().to_string()
    }

    /// `ip`, there.
    pub(crate) fn ip(&self, words: &str) {
        self.run("ip", &words.split(' ').collect::<Vec<_>>());
    }

    /// It passes on what is for others.
    pub(crate) fn forward(&self) {
        self.run("sh", &["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
    }

    /// What home routers do: hosts inside speak with the router's outer address, `wan`, and nothing comes in that was
    /// not asked for.
    pub(crate) fn masquerade(&self) {
        for rule in [
            "add table ip floe",
            "add chain ip floe out { type nat hook postrouting priority 100 ; }",
            "add rule ip floe out oifname wan masquerade",
            // Unless it is dropped, what comes before the host inside has spoken takes the port.
            "add chain ip floe here { type filter hook input priority 0 ; }",
            "add rule ip floe here iifname wan drop",
        ] {
            self.run("nft", &[rule]);
        }
    }

    /// Its namespace, for threads to enter.
    pub(crate) fn namespace(&self) -> Namespace {
        let path = format!("/proc/{}/ns/net", self.holder.id());
        Namespace(File::open(path).expect("its holder lives"))
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.name(), "-n", program]).args(arguments);
        let output = command.output().expect("util-linux is there");
        assert!(output.status.success(), "{program} {arguments:?}: {}", said(&output));
    }
}

impl Namespace {
    /// The calling thread is there from now on.
    pub(crate) fn enter(&self) {
        let kind = Some(LinkNameSpaceType::Network);
        move_into_link_name_space(self.0.as_fd(), kind).expect("it is ours");
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// That of nftables which [`Host::masquerade`] needs.
pub(crate) fn need_nftables() {
    need("nftables", Command::new("nft").arg("--version").output());
}
