//! Gives the shared object its name, leads some of libcurl's calls to us, puts the functions of a request side by side, and refuses
//! a libcurl that waits with select().

use std::path::Path;
use std::process::{Command, Stdio};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    name_shared_object();
    wrap_functions();
    order_functions();
    if let Ok(root) = std::env::var("DEP_CURL_ROOT") {
        refuse_select(&Path::new(&root).join("build/libcurl.a"));
    }
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn name_shared_object() {
    let (major, minor) = (env("CARGO_PKG_VERSION_MAJOR"), env("CARGO_PKG_VERSION_MINOR"));
    // Before 1.0 every minor release may break the ABI.
    let soversion = if major == "0" { format!("0.{minor}") } else { major };
    match env("CARGO_CFG_TARGET_OS").as_str() {
        "linux" | "freebsd" | "netbsd" | "openbsd" | "android" => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libhttpclient.so.{soversion}");
            // libcurl and OpenSSL leave thread-local destructors behind: unmapping their code would crash at thread exit.
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        }
        "macos" => println!(
            "cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libhttpclient.{soversion}.dylib,-headerpad_max_install_names"
        ),
        _ => {}
    }
}

/// Some of what libcurl does again and again or slowly for each request comes to us: src/transport/curl/step.rs, plain_format.c.
/// cmake/localize.cmake wraps the same.
fn wrap_functions() {
    println!("cargo:rustc-check-cfg=cfg(wrapped)");
    if env("CARGO_CFG_TARGET_OS") == "linux" && std::env::var_os("CARGO_FEATURE_BUNDLED").is_some() {
        let sources = ["src/transport/curl/step.c", "src/transport/curl/plain_format.c"];
        for source in sources {
            println!("cargo:rerun-if-changed={source}");
        }
        cc::Build::new().files(sources).compile("httpclient_wrapped");
        let names = [
            "curlx_pnow",
            "curl_url_get",
            "Curl_peer_from_url",
            "Curl_dnscache_prune",
            "Curl_ssl_easy_config_complete",
            "curlx_dyn_addf",
            "curl_maprintf",
            "curl_msnprintf",
        ];
        for name in names {
            println!("cargo:rustc-cdylib-link-arg=-Wl,--wrap={name}");
        }
        // The linker comes to libcurl, and to the need for it, after it has been through this archive.
        println!("cargo:rustc-cdylib-link-arg=-Wl,--undefined=__wrap_curlx_dyn_addf");
        println!("cargo:rustc-cfg=wrapped");
    }
}

/// A request goes through libcurl from end to end, and its functions come from ninety files: laid out by who calls whom they take
/// less of the processor's caches, which is a twenty-fifth of a request. Of the linkers only LLVM's, which is Rust's own, can.
fn order_functions() {
    let graph = Path::new(&env("CARGO_MANIFEST_DIR")).join("src/transport/curl/call_graph.txt");
    println!("cargo:rerun-if-changed={}", graph.display());
    let options = format!("-Wl,--no-warn-symbol-ordering,--call-graph-ordering-file={}", graph.display());
    if env("CARGO_CFG_TARGET_OS") == "linux" && linker_takes(&options) {
        println!("cargo:rustc-cdylib-link-arg={options}");
    }
}

/// Whether an empty library can be linked with it.
fn linker_takes(options: &str) -> bool {
    let mut rustc = Command::new(env("RUSTC"));
    rustc.args([
        "-",
        "--crate-type=cdylib",
        "--crate-name=probe",
        "--target",
        &env("TARGET"),
        &format!("-Clink-arg={options}"),
    ]);
    rustc.args(["-o", &format!("{}/probe.so", env("OUT_DIR"))]);
    if let Some(linker) = std::env::var_os("RUSTC_LINKER") {
        rustc.arg("-Clinker").arg(linker);
    }
    rustc.args(env("CARGO_ENCODED_RUSTFLAGS").split('\x1f').filter(|flag| !flag.is_empty()));
    rustc.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    rustc.status().is_ok_and(|status| status.success())
}

/// The bundled libcurl polls only with the definitions of .cargo/config.toml. Where they got lost (another working
/// directory, a dependant crate) the build stops here instead of the program past descriptor 1024.
fn refuse_select(archive: &Path) {
    println!("cargo:rerun-if-changed={}", archive.display());
    let Ok(bytes) = std::fs::read(archive) else { return };
    // curlx_wait_ms() in wait.c sleeps with select(), without descriptors; whether to poll is decided in select.c.
    let imports = imports_of_member(&bytes, "select.o");
    assert!(!imports.is_empty(), "{}: no select.o to look into", archive.display());
    assert!(
        !imports.iter().any(|name| matches!(&**name, "select" | "_select")) || env("CARGO_CFG_TARGET_OS") == "macos",
        "the bundled libcurl would wait with select() and break past 1024 descriptors: \
         build with `cargo --config <source>/.cargo/config.toml`, or copy its [env] table into your own"
    );
}

fn imports_of_member(archive: &[u8], member_name: &str) -> Vec<String> {
    use object::{Object, ObjectSymbol, read::archive::ArchiveFile};
    let archive_file = ArchiveFile::parse(archive).expect("libcurl.a is an archive");
    let members = archive_file.members().map(|member| member.expect("a member of libcurl.a"));
    let wanted = members.filter(|member| String::from_utf8_lossy(member.name()).ends_with(member_name));
    let mut names = Vec::new();
    for member in wanted {
        let data = member.data(archive).expect("the data of a member");
        let file = object::File::parse(data).expect("an object file");
        let undefined = file.symbols().filter(|symbol| symbol.is_undefined());
        names.extend(undefined.filter_map(|symbol| symbol.name().ok().map(str::to_owned)));
    }
    names
}
