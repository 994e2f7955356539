# httpclient::httpclient and httpclient::static, the same names as the installed package gives.
# The files are copied out of cargo's folder, under the names and links they will be installed with.

set(HTTPCLIENT_LIB ${CMAKE_CURRENT_BINARY_DIR}/lib)
file(MAKE_DIRECTORY ${HTTPCLIENT_LIB})
if(APPLE)
  set(HTTPCLIENT_SHARED_NAME libhttpclient.${PROJECT_VERSION}.dylib)
  set(HTTPCLIENT_SONAME libhttpclient.${HTTPCLIENT_SOVERSION}.dylib)
  set(HTTPCLIENT_LINK_NAME libhttpclient.dylib)
else()
  set(HTTPCLIENT_SHARED_NAME libhttpclient.so.${PROJECT_VERSION})
  set(HTTPCLIENT_SONAME libhttpclient.so.${HTTPCLIENT_SOVERSION})
  set(HTTPCLIENT_LINK_NAME libhttpclient.so)
endif()
set(HTTPCLIENT_STATIC_NAME libhttpclient.a)

add_custom_target(httpclient_shared_object ALL
  COMMAND ${CMAKE_COMMAND} -E copy_if_different ${HTTPCLIENT_CARGO_SHARED} ${HTTPCLIENT_LIB}/${HTTPCLIENT_SHARED_NAME}
  COMMAND ${CMAKE_COMMAND} -E create_symlink ${HTTPCLIENT_SHARED_NAME} ${HTTPCLIENT_LIB}/${HTTPCLIENT_SONAME}
  COMMAND ${CMAKE_COMMAND} -E create_symlink ${HTTPCLIENT_SONAME} ${HTTPCLIENT_LIB}/${HTTPCLIENT_LINK_NAME}
  BYPRODUCTS ${HTTPCLIENT_LIB}/${HTTPCLIENT_SHARED_NAME}
  VERBATIM)
add_dependencies(httpclient_shared_object httpclient_cargo)

# A plain Rust archive lets its libcurl, nghttp2 and Rust symbols collide with the program's.
add_custom_command(OUTPUT ${HTTPCLIENT_LIB}/${HTTPCLIENT_STATIC_NAME}
  COMMAND ${CMAKE_COMMAND} -DINPUT=${HTTPCLIENT_CARGO_STATIC} -DOUTPUT=${HTTPCLIENT_LIB}/${HTTPCLIENT_STATIC_NAME}
          -DSYMBOLS=${CMAKE_CURRENT_SOURCE_DIR}/abi/symbols.txt -DAPPLE=${APPLE} -DLD=${CMAKE_LINKER}
          -DOBJCOPY=${CMAKE_OBJCOPY} -DAR=${CMAKE_AR} -DBUNDLED=${HTTPCLIENT_BUNDLED_CURL}
          -DKEEP_DEBUG=$<STREQUAL:${_profile},dev> -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/localize.cmake
  DEPENDS httpclient_cargo ${HTTPCLIENT_CARGO_STATIC} abi/symbols.txt cmake/localize.cmake
  COMMENT "Making everything but httpc_* local in ${HTTPCLIENT_STATIC_NAME}"
  VERBATIM)
add_custom_target(httpclient_static_archive ALL DEPENDS ${HTTPCLIENT_LIB}/${HTTPCLIENT_STATIC_NAME})

add_library(httpclient::httpclient SHARED IMPORTED GLOBAL)
set_target_properties(httpclient::httpclient PROPERTIES
  IMPORTED_LOCATION ${HTTPCLIENT_LIB}/${HTTPCLIENT_SHARED_NAME}
  IMPORTED_SONAME ${HTTPCLIENT_SONAME}
  INTERFACE_INCLUDE_DIRECTORIES ${CMAKE_CURRENT_SOURCE_DIR}/include)
add_dependencies(httpclient::httpclient httpclient_shared_object)

add_library(httpclient::static STATIC IMPORTED GLOBAL)
set_target_properties(httpclient::static PROPERTIES
  IMPORTED_LOCATION ${HTTPCLIENT_LIB}/${HTTPCLIENT_STATIC_NAME}
  INTERFACE_INCLUDE_DIRECTORIES ${CMAKE_CURRENT_SOURCE_DIR}/include
  INTERFACE_COMPILE_DEFINITIONS HTTPCLIENT_STATIC
  INTERFACE_LINK_LIBRARIES "${HTTPCLIENT_STATIC_LIBRARIES}")
add_dependencies(httpclient::static httpclient_static_archive)
