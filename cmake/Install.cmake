# Components: runtime (program, libraries, models), dev (headers, what find_package and pkg-config read); the extension of Python is installed
# where it is named, by `pip install .`.
include(CMakePackageConfigHelpers)
set(libraries latentdial_latentdial_library)
if(LATENTDIAL_DRAWING)
  list(APPEND libraries latentdial_drawing_library)
endif()
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/latentdial)

install(TARGETS ${libraries} EXPORT latentdialTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT dev
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/models/scenes ${PROJECT_SOURCE_DIR}/models/loras DESTINATION ${CMAKE_INSTALL_DATADIR}/latentdial COMPONENT runtime)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ ${PROJECT_BINARY_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev
  FILES_MATCHING PATTERN *.h)
if(LATENTDIAL_PROGRAM)
  file(RELATIVE_PATH bin_to_lib ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  if(NOT bin_to_lib STREQUAL "../lib")
    set_property(TARGET latentdial APPEND PROPERTY INSTALL_RPATH $ORIGIN/${bin_to_lib})
  endif()
  install(TARGETS latentdial RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
endif()

install(EXPORT latentdialTargets NAMESPACE latentdial:: DESTINATION ${package} COMPONENT dev)
configure_package_config_file(cmake/latentdialConfig.cmake.in latentdialConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/latentdialConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/latentdialConfig.cmake ${PROJECT_BINARY_DIR}/latentdialConfigVersion.cmake cmake/Dependencies.cmake
  DESTINATION ${package} COMPONENT dev)

# latentdial_pc(name description REQUIRES package … STATIC_REQUIRES package … STATIC_LIBS option …): a program that links the static library
# has to link what that one needs.
function(latentdial_pc name description)
  cmake_parse_arguments(PC "" "" "REQUIRES;STATIC_REQUIRES;STATIC_LIBS" ${ARGN})
  file(RELATIVE_PATH prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
  string(REPLACE - _ library ${name})
  if(BUILD_SHARED_LIBS)
    set(PC_STATIC_LIBS "")
  else()
    list(APPEND PC_REQUIRES ${PC_STATIC_REQUIRES})
  endif()
  list(JOIN PC_REQUIRES ", " requires)
  list(JOIN PC_STATIC_LIBS " " static_libs)
  configure_file(cmake/latentdial.pc.in ${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
endfunction()
latentdial_pc(latentdial "${PROJECT_DESCRIPTION}"
  STATIC_REQUIRES fmt libhwy libjpeg libpng libutf8proc libwebp libzip zlib
  STATIC_LIBS -ldnnl -lgomp)
if(LATENTDIAL_DRAWING)
  latentdial_pc(latentdial-drawing "Strips and explanations of latentdial's pictures"
    REQUIRES "latentdial = ${PROJECT_VERSION}"
    STATIC_REQUIRES cairo)
endif()
