# What an installation holds beside the files that each folder installs: a CMake package and a pkg-config file.
include(CMakePackageConfigHelpers)
set(TUFF_PLUGIN_INSTALL_DIR ${CMAKE_INSTALL_LIBDIR}/tuff/plugins)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/tuff)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/tuffConfig.cmake.in ${CMAKE_BINARY_DIR}/tuffConfig.cmake
    INSTALL_DESTINATION ${package_folder} PATH_VARS TUFF_PLUGIN_INSTALL_DIR)
# Before 1.0 a minor version may break what stands on it.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/tuffConfigVersion.cmake COMPATIBILITY SameMinorVersion)
set(pc_folder ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH TUFF_PC_PREFIX ${pc_folder} ${CMAKE_INSTALL_PREFIX})
file(RELATIVE_PATH TUFF_PC_LIBDIR ${pc_folder} ${CMAKE_INSTALL_FULL_LIBDIR})
file(RELATIVE_PATH TUFF_PC_INCLUDEDIR ${pc_folder} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
configure_file(${PROJECT_SOURCE_DIR}/cmake/tuff.pc.in ${CMAKE_BINARY_DIR}/tuff.pc @ONLY)
install(EXPORT tuffTargets NAMESPACE tuff:: DESTINATION ${package_folder})
install(FILES ${CMAKE_BINARY_DIR}/tuffConfig.cmake ${CMAKE_BINARY_DIR}/tuffConfigVersion.cmake
    DESTINATION ${package_folder})
install(FILES ${CMAKE_BINARY_DIR}/tuff.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
