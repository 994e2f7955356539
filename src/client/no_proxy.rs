//! no_proxy: which hosts are reached directly. Read as libcurl 8.22 reads it; decided here, since an older libcurl reads it
//! otherwise and does not tell whether a proxy was in between.

use std::net::IpAddr;

/// Whether the list makes an exception of the host: names with all that is below them, addresses, networks as
/// "10.0.0.0/8", or everything as "*".
pub fn excepts(list: &str, host: &str) -> bool {
    if list == "*" {
        return true;
    }
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let mut entries = list.split(',').filter_map(|entry| entry.split_ascii_whitespace().next());
    match host.parse() {
        Ok(address) => entries.any(|entry| is_in_network(address, entry)),
        Err(_) => entries.any(|entry| is_below(host, entry)),
    }
}

fn is_below(host: &str, domain: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let domain = domain.strip_prefix('.').unwrap_or(domain).to_ascii_lowercase();
    !domain.is_empty() && host.strip_suffix(&*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn is_in_network(address: IpAddr, network: &str) -> bool {
    let (base, bits) = network.split_once('/').map_or((network, None), |(base, bits)| (base, Some(bits)));
    let (address, base, width) = match (address, base.parse()) {
        (IpAddr::V4(address), Ok(IpAddr::V4(base))) => (u32::from(address).into(), u32::from(base).into(), 32),
        (IpAddr::V6(address), Ok(IpAddr::V6(base))) => (u128::from(address), u128::from(base), 128),
        _ => return false,
    };
    let Ok(bits) = bits.map_or(Ok(width), str::parse::<u32>) else { return false };
    bits <= width && (address ^ base).checked_shr(width - bits).unwrap_or(0) == 0
}
