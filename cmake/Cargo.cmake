# The cargo side: one custom target that runs cargo build, and one that runs cargo test with the same arguments.
# Sets HTTPCLIENT_CARGO_OUT, the folder of cargo's results. Nothing links or runs what is in it: it is copied first,
# since cargo takes its results away for a moment whenever it runs.

find_program(CARGO_EXECUTABLE cargo HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin" REQUIRED)

set(_profile release)
set(_profile_folder release)
if(CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT _multi_config)
  set(_profile dev)
  set(_profile_folder debug)
endif()
set(HTTPCLIENT_CARGO_OUT ${HTTPCLIENT_CARGO_TARGET_DIR}/${_profile_folder})

# cargo looks for its configuration from the working directory upwards, and the environment in it is not optional.
set(_arguments --locked --profile ${_profile} --target-dir ${HTTPCLIENT_CARGO_TARGET_DIR}
    --config ${CMAKE_CURRENT_SOURCE_DIR}/.cargo/config.toml)
# cargo would take the make that runs it for its job server. And libcurl is compiled anew whenever CC changes: it is
# the compiler that CMake has chosen once, whatever the environment of later builds says.
set(_environment --unset=MAKEFLAGS --unset=MFLAGS --unset=MAKELEVEL)
get_filename_component(_cc ${CMAKE_C_COMPILER} NAME)
if(_cc STREQUAL "cc")
  list(APPEND _environment --unset=CC --unset=CXX) # cargo's own default
else()
  list(APPEND _environment CC=${CMAKE_C_COMPILER} CXX=${CMAKE_CXX_COMPILER})
endif()
# mimalloc's thread-local variables without a function call for each block, where there is room for them and all the same without
# needing it. The ABI of other processors has that anyway.
include(CheckCCompilerFlag)
check_c_compiler_flag(-mtls-dialect=gnu2 HTTPCLIENT_HAS_TLS_DESCRIPTORS)
if(HTTPCLIENT_HAS_TLS_DESCRIPTORS AND NOT HTTPCLIENT_SANITIZE)
  list(APPEND _environment "CFLAGS=$ENV{CFLAGS} -mtls-dialect=gnu2")
endif()
list(APPEND _arguments --no-default-features)
set(HTTPCLIENT_CARGO_SERVER_OUT ${HTTPCLIENT_CARGO_OUT})
if(HTTPCLIENT_SANITIZE)
  set(_server ${_environment} ${CARGO_EXECUTABLE} build ${_arguments} --package testserver --bins)
  # With a --target the flags stay away from build scripts and macros.
  find_program(RUSTC_EXECUTABLE rustc HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin" REQUIRED)
  execute_process(COMMAND ${RUSTC_EXECUTABLE} -vV OUTPUT_VARIABLE _rustc COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCH "host: ([^\n]+)" _ "${_rustc}")
  set(_triple ${CMAKE_MATCH_1})
  list(APPEND _arguments --target ${_triple})
  set(_rustflags -Zsanitizer=${HTTPCLIENT_SANITIZE})
  if(HTTPCLIENT_SANITIZE STREQUAL "thread")
    # The standard library comes without: what that hides is in tests/sanitizer/thread.suppressions.
    string(APPEND _rustflags " -Cunsafe-allow-abi-mismatch=sanitizer -Zunstable-options -Csymbol-mangling-version=legacy")
    # Unless it sees what libcurl does under our locks, everything that threads hand over there looks like a race.
    string(REPLACE "-" "_" _variable CFLAGS_${_triple})
    file(STRINGS .cargo/config.toml _cflags REGEX "^${_variable} = ")
    string(REGEX REPLACE "^[^\"]*\"(.*)\"$" "\\1" _cflags "${_cflags}")
    list(APPEND _environment "${_variable}=${_cflags} -fsanitize=thread -g")
  endif()
  list(APPEND _environment RUSTC_BOOTSTRAP=1 "RUSTFLAGS=${_rustflags} $ENV{RUSTFLAGS}")
  set(HTTPCLIENT_CARGO_OUT ${HTTPCLIENT_CARGO_TARGET_DIR}/${_triple}/${_profile_folder})
endif()
if(HTTPCLIENT_BUNDLED_CURL)
  list(APPEND _arguments --features httpclient/bundled)
endif()
if(HTTPCLIENT_MIMALLOC AND NOT HTTPCLIENT_SANITIZE) # sanitizers watch malloc()
  list(APPEND _arguments --features httpclient/mimalloc)
endif()
list(APPEND _arguments ${HTTPCLIENT_CARGO_FLAGS})

# The selection decides about the features of shared dependencies. Whoever builds the tests gets everything at once, so
# that cargo build and cargo test agree on them and nothing is compiled twice.
if(HTTPCLIENT_SANITIZE)
  set(_selection --package httpclient --lib)
elseif(HTTPCLIENT_BUILD_TESTS AND HTTPCLIENT_BUILD_RUST_TESTS)
  set(_selection --workspace --lib --bins --tests)
elseif(HTTPCLIENT_BUILD_TESTS OR HTTPCLIENT_BUILD_EXAMPLES)
  set(_selection --package httpclient --package testserver --lib --bins)
else()
  set(_selection --package httpclient --lib)
endif()

if(APPLE)
  set(HTTPCLIENT_CARGO_SHARED ${HTTPCLIENT_CARGO_OUT}/libhttpclient.dylib)
else()
  set(HTTPCLIENT_CARGO_SHARED ${HTTPCLIENT_CARGO_OUT}/libhttpclient.so)
endif()
set(HTTPCLIENT_CARGO_STATIC ${HTTPCLIENT_CARGO_OUT}/libhttpclient.a)

# cargo knows best what is stale: it runs in every build, for a tenth of a second when nothing is.
list(JOIN _selection " " _comment)
add_custom_target(httpclient_cargo ALL
  COMMAND ${CMAKE_COMMAND} -E env ${_environment} ${CARGO_EXECUTABLE} build ${_arguments} ${_selection}
  BYPRODUCTS ${HTTPCLIENT_CARGO_SHARED} ${HTTPCLIENT_CARGO_STATIC}
  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
  COMMENT "cargo build ${_comment} (${_profile})"
  USES_TERMINAL VERBATIM)

if(HTTPCLIENT_SANITIZE) # what the server does is not under test, and it is faster without
  add_custom_command(TARGET httpclient_cargo POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E env ${_server}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    COMMENT "cargo build --package testserver, not sanitized (${_profile})"
    USES_TERMINAL VERBATIM)
endif()

if(HTTPCLIENT_BUILD_TESTS AND HTTPCLIENT_BUILD_RUST_TESTS)
  # httpclient_cargo_command(TARGET COMMAND ARG...): cargo in the same environment and target folder, on request only.
  function(httpclient_cargo_command target command)
    add_custom_target(${target}
      COMMAND ${CMAKE_COMMAND} -E env ${_environment} ${CARGO_EXECUTABLE} ${command} ${_arguments} --workspace ${ARGN}
      WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
      COMMENT "cargo ${command} (${_profile})"
      USES_TERMINAL VERBATIM)
  endfunction()
  httpclient_cargo_command(httpclient_cargo_test test --no-fail-fast)
  httpclient_cargo_command(httpclient_cargo_simulate test --test simulation -- --nocapture whatever_happens)
  httpclient_cargo_command(httpclient_cargo_header test --test header)
  httpclient_cargo_command(httpclient_cargo_clippy clippy --all-targets -- -D warnings)
endif()
