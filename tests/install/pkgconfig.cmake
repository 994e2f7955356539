# Builds consumer.c the way a Makefile would, and runs it.
cmake_minimum_required(VERSION 3.22)
set(ENV{PKG_CONFIG_PATH} ${PREFIX}/${LIBDIR}/pkgconfig)
execute_process(COMMAND ${PKG_CONFIG} --modversion httpclient OUTPUT_VARIABLE version
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
if(NOT version STREQUAL VERSION)
  message(FATAL_ERROR "httpclient.pc says ${version}, not ${VERSION}")
endif()
set(arguments --cflags --libs httpclient)
if(KIND STREQUAL "static")
  list(PREPEND arguments --static)
endif()
execute_process(COMMAND ${PKG_CONFIG} ${arguments} OUTPUT_VARIABLE flags
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND "${flags}")
if(KIND STREQUAL "static")
  # Both kinds stand in one folder, and the linker takes the shared one unless told.
  list(TRANSFORM flags REPLACE "^-lhttpclient$" ${PREFIX}/${LIBDIR}/libhttpclient.a)
else()
  set(ENV{LD_LIBRARY_PATH} ${PREFIX}/${LIBDIR})
  set(ENV{DYLD_LIBRARY_PATH} ${PREFIX}/${LIBDIR})
endif()
file(REMOVE ${PROGRAM})
execute_process(COMMAND ${CC} ${SOURCE} ${flags} -o ${PROGRAM} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${PROGRAM} ${URL} RESULT_VARIABLE result)
if(NOT result MATCHES "^(0|77)$") # 77: skipped, as the program has said
  message(FATAL_ERROR "the consumer ended with ${result}")
endif()
