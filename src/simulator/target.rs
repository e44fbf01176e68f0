//! Where a callback may go: this machine, and hosts that the settings name.

use url::{Host, Url};

/// Why an address is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TargetRefusal {
    #[error("it is neither http nor https")]
    Scheme,
    #[error("it carries a user name or a password")]
    Credentials,
    #[error("its host is neither loopback nor allowed")]
    Host,
}

/// Refuses every address that a stranger could use to reach into a network.
pub(super) fn check(url: &Url, allowed_hosts: &[String]) -> Result<(), TargetRefusal> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(TargetRefusal::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetRefusal::Credentials);
    }
    let named = |name: &str| allowed_hosts.iter().any(|host| host.eq_ignore_ascii_case(name));
    let fits = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || named(name),
        Some(Host::Ipv4(address)) => address.is_loopback() || named(&address.to_string()),
        Some(Host::Ipv6(address)) => address.is_loopback() || named(&address.to_string()),
        None => false,
    };
    if fits { Ok(()) } else { Err(TargetRefusal::Host) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> Result<(), TargetRefusal> {
        check(&Url::parse(text).unwrap(), &["kaquan".to_owned()])
    }

    #[test]
    fn only_this_machine_and_named_hosts_are_called() {
        assert_eq!(verdict("http://127.0.0.1:8080/callbacks"), Ok(()));
        assert_eq!(verdict("http://[::1]/"), Ok(()));
        assert_eq!(verdict("https://localhost/"), Ok(()));
        assert_eq!(verdict("http://Kaquan:8080/"), Ok(()));
        assert_eq!(verdict("http://127.1/"), Ok(()));

        assert_eq!(verdict("http://10.0.0.1/"), Err(TargetRefusal::Host));
        assert_eq!(verdict("http://127.0.0.1.example.com/"), Err(TargetRefusal::Host));
        assert_eq!(verdict("http://localhost@example.com/"), Err(TargetRefusal::Credentials));
        assert_eq!(verdict("file:///etc/passwd"), Err(TargetRefusal::Scheme));
    }
}
