use crate::{
    client::{Client, Ending, connect, get},
    start,
};
use openssl::{
    asn1::Asn1Time,
    pkcs12::Pkcs12,
    pkey::{PKey, Private},
    ssl::{ErrorCode, SslConnector, SslConnectorBuilder, SslFiletype, SslMethod, SslStream, SslVersion},
    x509::{
        X509, X509VerifyResult,
        store::{X509Lookup, X509StoreBuilder},
    },
};
use std::{io::Read, net::TcpStream};
use testserver::Server;

pub fn trusting(server: &Server) -> SslConnectorBuilder {
    let mut builder = SslConnector::builder(SslMethod::tls_client()).expect("a connector");
    builder.set_ca_file(server.url("ca")).expect("the authority");
    builder
}

pub fn handshake(
    server: &Server,
    name: &str,
    connector: SslConnectorBuilder,
) -> Result<SslStream<TcpStream>, X509VerifyResult> {
    let ssl = connector.build().configure().expect("configured").into_ssl("localhost").expect("a session");
    let mut stream = SslStream::new(ssl, connect(server.url(name))).expect("a stream");
    match stream.connect() {
        Ok(()) => Ok(stream),
        Err(_) => Err(stream.ssl().verify_result()),
    }
}

#[test]
fn the_good_certificate_verifies() {
    let server = start();
    let mut client = Client::on(handshake(&server, "tls", trusting(&server)).expect("a handshake"));
    assert_eq!(client.get("/echo?key=a").status, 200);
    assert_eq!(client.get("/echo?key=a").status, 200);
    assert_eq!(get(&server, "/_count?key=a").text(), "2");

    let connector = trusting(&server).build();
    let mut by_address = connector.connect("127.0.0.1", connect(server.url("tls"))).expect("the address is in it");
    by_address.shutdown().expect("says goodbye");
}

#[test]
fn bad_certificates_fail_as_named() {
    let server = start();
    let reasons = [
        ("tls_expired", "certificate has expired"),
        ("tls_not_yet", "certificate is not yet valid"),
        ("tls_wrong_host", "hostname mismatch"),
        ("tls_self_signed", "self-signed certificate"),
        ("tls_unknown_ca", "unable to get local issuer certificate"),
        ("tls_no_intermediate", "unable to get local issuer certificate"),
        ("tls_wrong_usage", "unsuitable certificate purpose"),
    ];
    for (name, reason) in reasons {
        let result = handshake(&server, name, trusting(&server)).expect_err(name);
        assert_eq!(result.error_string().replace("self signed", "self-signed").to_lowercase(), reason, "{name}");
        let mut careless = trusting(&server);
        careless.set_verify(openssl::ssl::SslVerifyMode::NONE);
        let stream = handshake(&server, name, careless).expect(name);
        assert_eq!(Client::on(stream).get("/echo").status, 200, "{name}");
    }
}

#[test]
fn weak_keys_and_old_versions_need_consent() {
    let server = start();
    for name in ["tls_weak", "tls_old"] {
        let mut strict = trusting(&server);
        strict.set_security_level(2);
        strict.set_min_proto_version(Some(SslVersion::TLS1_2)).expect("a version");
        assert!(handshake(&server, name, strict).is_err(), "{name}");
        let mut lenient = trusting(&server);
        lenient.set_cipher_list("ALL:@SECLEVEL=0").expect("ciphers");
        lenient.set_min_proto_version(Some(SslVersion::TLS1)).expect("a version");
        let stream = handshake(&server, name, lenient).expect(name);
        assert_eq!(stream.ssl().version_str() == "TLSv1.1", name == "tls_old");
        assert_eq!(Client::on(stream).get("/echo").status, 200, "{name}");
    }
}

#[test]
fn the_client_certificate_is_demanded() {
    let server = start();
    // With TLS 1.3 the client learns of the refusal only when it reads.
    let mut refused = handshake(&server, "tls_client_cert", trusting(&server)).expect("its half of the handshake");
    assert!(refused.read(&mut [0]).is_err());
    let mut connector = trusting(&server);
    connector.set_certificate_file(server.url("client_cert"), SslFiletype::PEM).expect("a certificate");
    connector.set_private_key_file(server.url("client_key"), SslFiletype::PEM).expect("a key");
    let stream = handshake(&server, "tls_client_cert", connector).expect("a handshake");
    assert_eq!(Client::on(stream).get("/tls").json()["client"], "test client");
}

#[test]
fn with_tls_1_2_its_lack_ends_the_handshake() {
    let server = start();
    assert!(handshake(&server, "tls_client_cert_1_2", trusting(&server)).is_err());
    let mut connector = trusting(&server);
    connector.set_certificate_chain_file(server.url("client_chain")).expect("certificates");
    connector.set_private_key_file(server.url("client_chain"), SslFiletype::PEM).expect("a key");
    let stream = handshake(&server, "tls_client_cert_1_2", connector).expect("a handshake");
    let answer = Client::on(stream).get("/tls").json();
    assert_eq!((&answer["client"], &answer["version"]), (&"test client 2".into(), &"TLSv1.2".into()));
}

#[test]
fn client_files_are_what_they_are_called() {
    let server = start();
    let read = |name: &str| std::fs::read(server.url(name)).expect(name);
    let same = |a: PKey<Private>, b: PKey<Private>| assert!(a.public_eq(&b));
    let plain = PKey::private_key_from_pem(&read("client_key")).expect("a key");
    let encrypted = read("client_key_encrypted");
    assert!(PKey::private_key_from_pem_passphrase(&encrypted, b"wrong").is_err());
    same(plain, PKey::private_key_from_pem_passphrase(&encrypted, b"s3cr3t-7f1c").expect("the password"));
    let container =
        Pkcs12::from_der(&read("client_p12")).expect("PKCS#12").parse2("s3cr3t-7f1c").expect("the password");
    assert_eq!(container.ca.expect("an intermediate").len(), 1);
    let behind = PKey::private_key_from_pem(&read("client_chain")).expect("a key");
    same(behind, container.pkey.expect("a key"));
    let expired = X509::from_pem(&read("client_expired")).expect("a certificate");
    assert!(expired.not_after() < Asn1Time::days_from_now(0).expect("now"));
}

#[test]
fn the_pin_and_the_directory_are_those_of_the_good_server() {
    let server = start();
    let mut connector = SslConnector::builder(SslMethod::tls_client()).expect("a connector");
    let mut store = X509StoreBuilder::new().expect("a store");
    let lookup = store.add_lookup(X509Lookup::hash_dir()).expect("a lookup");
    lookup.add_dir(server.url("ca_dir"), SslFiletype::PEM).expect("a directory");
    connector.set_cert_store(store.build());
    let stream = handshake(&server, "tls", connector).expect("a handshake");
    let certificate = stream.ssl().peer_certificate().expect("a certificate");
    let key = certificate.public_key().expect("a key").public_key_to_der().expect("DER");
    let pin = openssl::base64::encode_block(&openssl::sha::sha256(&key));
    assert_eq!(server.url("tls_pin"), format!("sha256//{pin}"));
}

#[test]
fn endings_differ_by_their_close_notify() {
    let server = start();
    let ending = |name: &str, target: &str| {
        let mut client = Client::on(handshake(&server, name, trusting(&server)).expect("a handshake"));
        client.ask(target);
        let mut buffer = [0; 4096];
        loop {
            match client.stream.ssl_read(&mut buffer) {
                Ok(_) => {}
                Err(error) => return error,
            }
        }
    };
    assert_eq!(ending("tls", "/truncate").code(), ErrorCode::ZERO_RETURN);
    let cut = ending("tls_truncate", "/any");
    assert!(cut.code() != ErrorCode::ZERO_RETURN && cut.to_string().eq_ignore_ascii_case("unexpected eof"), "{cut}");
    let reset = ending("tls", "/reset/in-body");
    assert_eq!(reset.io_error().expect("an error of the socket").kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
pub fn handshakes_break_off() {
    let server = start();
    for name in ["tls_close", "tls_garbage", "tls_alert", "tls_half"] {
        assert!(handshake(&server, name, trusting(&server)).is_err(), "{name}");
    }
    let mut client = Client::on(connect(server.url("tls_close")));
    client.send("hello");
    assert_eq!(client.rest(), (vec![], Ending::Fin));
    let mut client = Client::on(connect(server.url("tls_garbage")));
    client.send("hello");
    let (bytes, ending) = client.rest();
    assert!(bytes.starts_with(b"HTTP/1.1 400 "));
    assert_eq!(ending, Ending::Fin);
}
