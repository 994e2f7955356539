# cmake -DINPUT=… -DOUTPUT=… -DSYMBOLS=… -DLD=… -DOBJCOPY=… -DAR=… -DBUNDLED=ON|OFF [-DKEEP_DEBUG=ON] -P localize.cmake
# Links an archive into one object in which only the listed symbols are global.
cmake_minimum_required(VERSION 3.22)

if(APPLE)
  file(COPY_FILE ${INPUT} ${OUTPUT}) # ld64 resolves across archives by need, and has no objcopy
  return()
endif()
file(STRINGS ${SYMBOLS} symbols)
list(TRANSFORM symbols PREPEND "--undefined=" OUTPUT_VARIABLE wanted)
set(object ${OUTPUT}.o)
set(wrapped)
if(BUNDLED) # as build.rs does
  set(wrapped curlx_pnow curl_url_get Curl_peer_from_url Curl_dnscache_prune Curl_ssl_easy_config_complete
      curlx_dyn_addf curl_maprintf curl_msnprintf)
  list(TRANSFORM wrapped PREPEND --wrap=)
endif()
# Only what the wanted symbols reach. Section groups are dissolved: the program's linker merges groups by name, local or
# not, and would throw ours away for another Rust library's.
execute_process(COMMAND ${LD} -r --gc-sections --force-group-allocation ${wrapped} ${wanted} -o ${object} ${INPUT}
                COMMAND_ERROR_IS_FATAL ANY)
set(strip --strip-debug) # Rust's standard library brings five megabytes of it
if(KEEP_DEBUG)
  set(strip)
endif()
execute_process(COMMAND ${OBJCOPY} --keep-global-symbols=${SYMBOLS} -R .llvmbc -R .llvmcmd ${strip} ${object}
                COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE ${OUTPUT})
execute_process(COMMAND ${AR} qcs ${OUTPUT} ${object} COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE ${object})
