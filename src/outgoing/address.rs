//! Which addresses are dialled: `https` everywhere, plain `http` on this machine only.

use url::{Host, Url};

/// Why an address is not dialled; never names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefusal {
    /// Tokens and secrets would travel in the open.
    #[error("https is needed outside of this machine")]
    Scheme,
    /// A user name or password in it.
    #[error("it carries a user name or a password")]
    Credentials,
    /// A query or fragment, where only a host and a path make sense.
    #[error("it carries a query or a fragment")]
    Query,
}

/// Whether calls may go below this address. Checked when it is stored, and again before each call.
pub fn check_base(url: &Url) -> Result<(), AddressRefusal> {
    check_scheme(url)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(AddressRefusal::Query);
    }
    Ok(())
}

/// Whether a secret may travel to this address: `https`, or `http` to this machine, and no user in it.
pub fn check_scheme(url: &Url) -> Result<(), AddressRefusal> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressRefusal::Credentials);
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        _ => Err(AddressRefusal::Scheme),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> Result<(), AddressRefusal> {
        check_base(&Url::parse(text).unwrap())
    }

    #[test]
    fn https_is_dialled_anywhere_and_http_on_this_machine() {
        for good in [
            "https://openapi.baidu.com/",
            "https://proxy.example/baidu/",
            "http://127.0.0.1:8001",
            "http://127.1/",
            "http://[::1]:80/",
            "http://localhost/",
        ] {
            assert_eq!(verdict(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_would_leak_or_mislead_is_not() {
        for (bad, why) in [
            ("http://openapi.baidu.com", AddressRefusal::Scheme),
            ("http://10.0.0.1", AddressRefusal::Scheme),
            ("http://0.0.0.0", AddressRefusal::Scheme),
            ("http://[::ffff:127.0.0.1]", AddressRefusal::Scheme),
            ("http://127.0.0.1.example.com", AddressRefusal::Scheme),
            ("http://localhost.example.com", AddressRefusal::Scheme),
            ("ftp://127.0.0.1", AddressRefusal::Scheme),
            ("file:///etc/passwd", AddressRefusal::Scheme),
            ("https://localhost@example.com", AddressRefusal::Credentials),
            ("https://:x@example.com", AddressRefusal::Credentials),
            ("https://example.com/?a=1", AddressRefusal::Query),
            ("https://example.com/#a", AddressRefusal::Query),
        ] {
            assert_eq!(verdict(bad), Err(why), "{bad}");
        }
    }
}
