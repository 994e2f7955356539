# cmake -DSOURCE=… -DBUILD=… -DGENERATOR=… -DTESTSERVER=… -P consumer.cmake -- OPTION...
# Configures the project SOURCE with the options, builds its target `consumer` where it has one, and runs that in the
# scripted server, with a URL or with -DARGUMENTS=…. Every step is a process of its own, as at a user's.
cmake_minimum_required(VERSION 3.22)

set(options)
set(index 0)
while(NOT CMAKE_ARGV${index} STREQUAL "--")
  math(EXPR index "${index} + 1")
endwhile()
math(EXPR index "${index} + 1")
while(index LESS CMAKE_ARGC)
  string(REPLACE ";" "\\;" option "${CMAKE_ARGV${index}}")
  list(APPEND options "${option}")
  math(EXPR index "${index} + 1")
endwhile()

if(ANEW) # -DANEW=…: a folder of cargo's in which libcurl is to be compiled again
  file(GLOB folders ${ANEW}/*/build/curl-sys-*)
  if(folders)
    file(REMOVE_RECURSE ${folders})
  endif()
endif()
file(REMOVE_RECURSE ${BUILD})
execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G ${GENERATOR} ${options} COMMAND_ERROR_IS_FATAL ANY)
if(TESTSERVER)
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD} --target consumer COMMAND_ERROR_IS_FATAL ANY)
  if(NOT ARGUMENTS)
    set(ARGUMENTS {url}/status/200)
  endif()
  separate_arguments(ARGUMENTS)
  execute_process(COMMAND ${TESTSERVER} run --lifetime 25 -- ${BUILD}/consumer ${ARGUMENTS} RESULT_VARIABLE result)
  if(NOT result MATCHES "^(0|77)$") # 77: skipped, as the program has said
    message(FATAL_ERROR "the consumer ended with ${result}")
  endif()
endif()
