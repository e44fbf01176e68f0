//! Where a webhook may go. What a person types is judged when it is saved and again when it is called; a name is judged
//! by what it stands for at the moment of the call, in [`super::client`].

use std::net::IpAddr;

use url::{Host, Url};

use super::address::is_public;
use crate::domain::problem::Problem;

/// Who may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The internet only, with TLS, on port 443.
    Public,
    /// Also this machine and private networks, without TLS and on any port: for development.
    Private,
}

/// The address is none that a webhook may go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAllowed(pub &'static str);

/// The longest address.
const LONGEST: usize = 2048;

impl Reach {
    /// As the settings say.
    pub const fn new(allow_private: bool) -> Self {
        if allow_private { Self::Private } else { Self::Public }
    }

    /// Whether an address that a name stands for may be called.
    pub fn covers(self, address: IpAddr) -> bool {
        self == Self::Private || is_public(address)
    }

    /// Reads the address of an endpoint. However a number is spelt, `url` reads it as browsers do, and it is judged by
    /// what it comes to.
    pub fn read(self, text: &str) -> Result<Url, NotAllowed> {
        let url = Url::parse(text).map_err(|_| NotAllowed("an absolute address"))?;
        self.check(&url)?;
        Ok(url)
    }

    /// [`Self::read`] for a form.
    pub fn check_field(self, text: &str) -> Result<(), Vec<Problem>> {
        match self.read(text) {
            Ok(_) => Ok(()),
            Err(NotAllowed(why)) => Err(vec![Problem { param: "url", message: why.to_owned() }]),
        }
    }

    fn check(self, url: &Url) -> Result<(), NotAllowed> {
        if url.as_str().len() > LONGEST {
            return Err(NotAllowed("at most 2048 characters"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NotAllowed(
                "without a name or password; who calls is shown by the signature",
            ));
        }
        if url.fragment().is_some() {
            return Err(NotAllowed("without a part behind #"));
        }
        match (url.scheme(), self) {
            ("https", _) | ("http", Self::Private) => {}
            _ => {
                return Err(NotAllowed(
                    "https; `webhooks.allow_private` admits http, for development",
                ));
            }
        }
        let host = url.host().ok_or(NotAllowed("with a host"))?;
        if self == Self::Private {
            return Ok(());
        }
        if url.port_or_known_default() != Some(443) {
            return Err(NotAllowed(
                "on port 443; `webhooks.allow_private` admits others, for development",
            ));
        }
        let allowed = match host {
            Host::Ipv4(address) => is_public(address.into()),
            Host::Ipv6(address) => is_public(address.into()),
            Host::Domain(name) => is_name_of_the_internet(name),
        };
        let private = "on the internet, not in a private network; `webhooks.allow_private` admits it, for development";
        if allowed { Ok(()) } else { Err(NotAllowed(private)) }
    }
}

/// Names that are never anything but somebody's own; others are judged by what they stand for.
fn is_name_of_the_internet(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let Some((_, top)) = name.rsplit_once('.') else { return false };
    !["localhost", "local", "internal", "localdomain", "lan", "home", "corp"].contains(&top)
        && !name.ends_with(".home.arpa")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses of private networks as people and programs spell them, and what else is no place for a webhook.
    const REFUSED: &[&str] = &[
        // As they are.
        "https://127.0.0.1/",
        "https://10.1.2.3/hook",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.100.100.200/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://255.255.255.255/",
        "https://224.0.0.1/",
        "https://198.18.0.1/",
        // Fewer parts, other bases.
        "https://127.1/",
        "https://10.1/",
        "https://0/",
        "https://2130706433/",
        "https://3232235777/",
        "https://2852039166/",
        "https://0x7f.1/",
        "https://0x7f.0.0.1/",
        "https://0x7f000001/",
        "https://017700000001/",
        "https://0177.0.0.1/",
        "https://0251.0376.0251.0376/",
        "https://127.0.0.1./",
        // Other letters, escapes.
        "https://１２７.0.0.1/",
        "https://①②⑦.0.0.1/",
        "https://127。0。0。1/",
        "https://%31%32%37.0.0.1/",
        // IPv6.
        "https://[::1]/",
        "https://[::]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b:1::a00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fc00::1]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/",
        "https://[2001:db8::1]/",
        "https://[2001::1]/",
        // Names.
        "https://localhost/",
        "https://localhost./",
        "https://LOCALHOST/",
        "https://a.localhost/",
        "https://a.localhost./",
        "https://intranet/",
        "https://printer.local/",
        "https://metadata.google.internal/",
        "https://router.home.arpa/",
        // Not https, not 443, with somebody's name.
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "data:text/plain,x",
        "javascript:alert(1)",
        "https://example.com:22/",
        "https://example.com:8443/",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://example.com@127.0.0.1/",
        "https://example.com/#part",
        "//example.com/",
        "example.com/hook",
        "https:///",
        "https://",
        "",
    ];

    #[test]
    fn no_spelling_of_a_private_address_is_saved() {
        for text in REFUSED {
            assert!(Reach::Public.read(text).is_err(), "{text}");
        }
        let long = format!("https://example.com/{}", "x".repeat(LONGEST));
        assert!(Reach::Public.read(&long).is_err());
    }

    #[test]
    fn addresses_on_the_internet_are_saved() {
        for text in [
            "https://example.com/hook",
            "https://example.com:443/hook?shop=1",
            "https://EXAMPLE.com./hook",
            "https://8.8.8.8/",
            "https://0x08080808/",
            "https://[2400:da00::6666]/",
            "https://券.example.cn/钩",
            "https:\\\\example.com\\hook",
        ] {
            assert!(Reach::Public.read(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn where_it_is_allowed_this_machine_is_called_too_but_by_nobodys_name() {
        for text in
            ["http://127.0.0.1:8080/", "http://localhost/", "https://[::1]:9/", "https://10.0.0.1/"]
        {
            assert!(Reach::Private.read(text).is_ok(), "{text}");
        }
        for text in ["file:///etc/passwd", "http://user@localhost/", "gopher://localhost/"] {
            assert!(Reach::Private.read(text).is_err(), "{text}");
        }
    }
}
