//! Gives the shared object its name and refuses a libcurl that waits with select().

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    name_shared_object();
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

/// The bundled libcurl polls only with the definitions of .cargo/config.toml. Where they got lost (another working
/// directory, a dependant crate) the build stops here instead of the program past descriptor 1024.
fn refuse_select(archive: &Path) {
    use object::{Object, ObjectSymbol, read::archive::ArchiveFile};
    println!("cargo:rerun-if-changed={}", archive.display());
    let Ok(bytes) = std::fs::read(archive) else { return };
    let Ok(members) = ArchiveFile::parse(&*bytes) else { return };
    for data in members.members().flatten().filter_map(|member| member.data(&*bytes).ok()) {
        let Ok(file) = object::File::parse(data) else { continue };
        let imports_select =
            file.symbols().any(|symbol| symbol.is_undefined() && matches!(symbol.name(), Ok("select" | "_select")));
        assert!(
            !imports_select || env("CARGO_CFG_TARGET_OS") == "macos",
            "the bundled libcurl would wait with select() and break past 1024 descriptors: \
             build with `cargo --config <source>/.cargo/config.toml`, or copy its [env] table into your own"
        );
    }
}
