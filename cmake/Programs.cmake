# C and C++ programs that run against the scripted server of tests/server.

set(HTTPCLIENT_TESTSERVER ${CMAKE_CURRENT_BINARY_DIR}/bin/testserver)
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/bin)
add_custom_target(httpclient_testserver ALL
  COMMAND ${CMAKE_COMMAND} -E copy_if_different ${HTTPCLIENT_CARGO_SERVER_OUT}/testserver ${HTTPCLIENT_TESTSERVER}
  BYPRODUCTS ${HTTPCLIENT_TESTSERVER}
  VERBATIM)
add_dependencies(httpclient_testserver httpclient_cargo)

set(HTTPCLIENT_WARNINGS -Wall -Wextra -Wpedantic -Wno-overlength-strings)
set(_sanitize)
if(HTTPCLIENT_SANITIZE)
  set(_sanitize -fsanitize=${HTTPCLIENT_SANITIZE} -fno-omit-frame-pointer)
endif()
set(_runtime)
set(HTTPCLIENT_TEST_ENVIRONMENT)
if(HTTPCLIENT_SANITIZE STREQUAL "thread")
  add_library(httpclient_thread_runtime OBJECT ${PROJECT_SOURCE_DIR}/tests/sanitizer/thread_runtime.c)
  target_compile_options(httpclient_thread_runtime PRIVATE -fno-builtin)
  set(_runtime $<TARGET_OBJECTS:httpclient_thread_runtime>)
  # With as much history as it can keep: a report whose other side is forgotten could not be recognised.
  set(HTTPCLIENT_TEST_ENVIRONMENT
      "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/sanitizer/thread.suppressions history_size=7")
endif()

# httpclient_program(TARGET SOURCE...): an executable on the shared library, C11 or C++17.
function(httpclient_program target)
  add_executable(${target} ${ARGN} ${_runtime})
  target_link_libraries(${target} PRIVATE httpclient::httpclient Threads::Threads)
  target_compile_options(${target} PRIVATE ${HTTPCLIENT_WARNINGS} ${_sanitize})
  target_link_options(${target} PRIVATE ${_sanitize})
  set_target_properties(${target} PROPERTIES
    C_STANDARD 11 C_STANDARD_REQUIRED ON CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
endfunction()

# httpclient_served_test(NAME LABEL SECONDS COMMAND ARG...): a test that runs COMMAND inside a scripted server of its own,
# whose addresses it finds in HTTPC_TEST_URL and so on; {url} and the like are replaced in its arguments.
function(httpclient_served_test name label seconds)
  math(EXPR lifetime "${seconds} - 5") # the server ends a stuck program itself, and says so
  add_test(NAME ${name} COMMAND ${HTTPCLIENT_TESTSERVER} run --lifetime ${lifetime} -- ${ARGN})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${seconds} LABELS ${label} SKIP_RETURN_CODE 77
    ENVIRONMENT "${HTTPCLIENT_TEST_ENVIRONMENT}")
endfunction()
