# latentdial_library(drawing ROOMS room … LINKS target …): latentdial::drawing, liblatentdial_drawing, made of these rooms. Shared or static
# as BUILD_SHARED_LIBS has it; a shared one shows what LATENTDIAL_API marks and nothing else.
function(latentdial_library name)
  cmake_parse_arguments(LIBRARY "" "OUTPUT_NAME" "ROOMS;LINKS" ${ARGN})
  set(target latentdial_${name}_library)
  set(objects "")
  set(needs fmt::fmt)
  foreach(room IN LISTS LIBRARY_ROOMS)
    list(APPEND objects $<TARGET_OBJECTS:latentdial_${room}>)
    get_target_property(libraries latentdial_${room} LATENTDIAL_LIBRARIES)
    list(APPEND needs ${libraries})
  endforeach()
  list(REMOVE_DUPLICATES needs)
  list(REMOVE_ITEM needs nlohmann_json::nlohmann_json)  # Headers alone, and the rooms are compiled.
  add_library(${target} ${objects})
  add_library(latentdial::${name} ALIAS ${target})
  target_compile_features(${target} INTERFACE cxx_std_20)
  target_include_directories(${target} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PUBLIC ${LIBRARY_LINKS} PRIVATE ${needs} $<BUILD_INTERFACE:latentdial_flags>)
  if(BUILD_SHARED_LIBS)
    set(symbols ${PROJECT_SOURCE_DIR}/cmake/symbols.map)
    target_link_options(${target} PRIVATE -Wl,--version-script=${symbols} -Wl,--as-needed)
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${symbols})
  endif()
  # Before 1.0 a minor version may change what programs were built against.
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${LIBRARY_OUTPUT_NAME} EXPORT_NAME ${name} LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH $ORIGIN  # The build tree's has empty parts, which are the current folder to the loader.
    ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
endfunction()
