# `cpack` writes a pair of Debian packages: libhttpclient0.1 and libhttpclient-dev, the latter with the static archive.
# They install below /usr. When that is the prefix configured as well, as in the preset package, the libraries go to the
# multiarch folder, where Debian wants them.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME libhttpclient)
set(CPACK_PACKAGE_CONTACT "libhttpclient maintainers <maintainers@httpclient.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_CURRENT_SOURCE_DIR}/LICENSE-MIT)
set(CPACK_COMPONENTS_ALL runtime dev)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "${PROJECT_DESCRIPTION}\n The shared library.")
set(CPACK_COMPONENT_DEV_DESCRIPTION "${PROJECT_DESCRIPTION}\n Header, static library, pkg-config and CMake files.")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libhttpclient${HTTPCLIENT_SOVERSION})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY "=")
find_program(_shlibdeps dpkg-shlibdeps)
mark_as_advanced(_shlibdeps)
if(_shlibdeps)
  set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
endif()
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libhttpclient-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
    "libhttpclient${HTTPCLIENT_SOVERSION} (= ${PROJECT_VERSION}), ${HTTPCLIENT_DEBIAN_DEV_DEPENDS}")
include(CPack)
