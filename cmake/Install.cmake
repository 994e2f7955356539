# What `cmake --install` puts where. Component runtime: what a program needs to run; dev: what one needs to build it.
include(CMakePackageConfigHelpers)

# As PROGRAMS, for the execute bit that distributions expect; cargo has stripped it.
install(PROGRAMS ${HTTPCLIENT_LIB}/${HTTPCLIENT_SHARED_NAME} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime)
install(FILES ${HTTPCLIENT_LIB}/${HTTPCLIENT_SONAME} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime)
install(FILES ${HTTPCLIENT_LIB}/${HTTPCLIENT_LINK_NAME} ${HTTPCLIENT_LIB}/${HTTPCLIENT_STATIC_NAME}
        DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev
        FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")

set(_folder ${CMAKE_INSTALL_LIBDIR}/cmake/httpclient)
configure_package_config_file(cmake/httpclientConfig.cmake.in httpclientConfig.cmake
  INSTALL_DESTINATION ${_folder} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(httpclientConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/httpclientConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/httpclientConfigVersion.cmake
        DESTINATION ${_folder} COMPONENT dev)

# Paths relative to the file itself, so that the tree may be moved.
file(RELATIVE_PATH HTTPCLIENT_PC_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
configure_file(cmake/httpclient.pc.in httpclient.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/httpclient.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
