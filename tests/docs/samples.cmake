# cmake -DFILE=… -DOUT=FOLDER -DCC=… -DCXX=… -DINCLUDE=FOLDER -P samples.cmake
# Compiles every ```c and ```cpp sample of a page. Errors name the line of the page.
cmake_minimum_required(VERSION 3.22)

set(prelude_c "#define _POSIX_C_SOURCE 200809L
#include <httpclient.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
")
set(prelude_cpp "#include <httpclient.hpp>
#include <iostream>
#include <thread>
#include <vector>
")
set(compile_c ${CC} -x c -std=c11)
set(compile_cpp ${CXX} -x c++ -std=c++20)
# A page shows functions that nobody calls.
set(warnings -Wall -Wextra -Wpedantic -Werror -Wno-unused-function)

# A list cannot hold any text, so lines are cut off one by one.
file(READ ${FILE} rest)
file(MAKE_DIRECTORY ${OUT})
set(number 0)
set(count 0)
set(language "")
while(NOT rest STREQUAL "")
  string(FIND "${rest}" "\n" end)
  string(SUBSTRING "${rest}" 0 ${end} line)
  math(EXPR end "${end} + 1")
  string(SUBSTRING "${rest}" ${end} -1 rest)
  math(EXPR number "${number} + 1")
  if(language STREQUAL "" AND line MATCHES "^```(c|cpp)$")
    set(language ${CMAKE_MATCH_1})
    math(EXPR begin "${number} + 1")
    set(sample "${prelude_${language}}#line ${begin} \"${FILE}\"\n")
  elseif(NOT language STREQUAL "" AND line STREQUAL "```")
    math(EXPR count "${count} + 1")
    file(WRITE ${OUT}/${count}.${language} "${sample}")
    execute_process(COMMAND ${compile_${language}} ${warnings} -I${INCLUDE} -fsyntax-only ${OUT}/${count}.${language}
                    RESULT_VARIABLE failed)
    if(failed)
      message(SEND_ERROR "the sample at ${FILE}:${begin} does not compile")
    endif()
    set(language "")
  elseif(NOT language STREQUAL "")
    string(APPEND sample "${line}\n")
  endif()
endwhile()
if(count EQUAL 0)
  message(FATAL_ERROR "${FILE} has no samples")
endif()
message("${count} samples of ${FILE} compile")
