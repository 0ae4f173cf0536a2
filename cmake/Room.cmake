# A room is one folder of src/: a static library latentdial_<name> that may only see the rooms it names.

add_library(latentdial_flags INTERFACE)
target_link_libraries(latentdial_flags INTERFACE latentdial_hardening)
# No path of this machine in what is built.
target_compile_options(latentdial_flags INTERFACE -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
target_compile_options(latentdial_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
if(LATENTDIAL_WERROR)
  target_compile_options(latentdial_flags INTERFACE -Werror)
endif()
if(LATENTDIAL_SANITIZE)
  target_compile_options(latentdial_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                                                   -fno-omit-frame-pointer)
  target_link_options(latentdial_flags INTERFACE -fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    # What this checks, a function called through a pointer of another type, clang 14 cannot compile in coroutines.
    target_compile_options(latentdial_flags INTERFACE -fno-sanitize=function)
  endif()
endif()
if(LATENTDIAL_SANITIZE_THREADS)
  target_compile_options(latentdial_flags INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(latentdial_flags INTERFACE -fsanitize=thread)
endif()
if(LATENTDIAL_FUZZ)
  target_compile_options(latentdial_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# latentdial_room(name SOURCES a.cc … ROOMS other … LIBRARIES target …)
function(latentdial_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  if(NOT name STREQUAL text)
    list(APPEND ROOM_ROOMS text)  # Errors, which every room throws.
  endif()
  list(REMOVE_DUPLICATES ROOM_ROOMS)
  list(TRANSFORM ROOM_ROOMS PREPEND latentdial_)
  add_library(latentdial_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(latentdial_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/include
                             ${PROJECT_SOURCE_DIR}/src)
  set_target_properties(latentdial_${name} PROPERTIES LATENTDIAL_LIBRARIES "${ROOM_LIBRARIES}")
  target_link_libraries(latentdial_${name} PUBLIC ${ROOM_ROOMS} ${ROOM_LIBRARIES} fmt::fmt PRIVATE latentdial_flags)
endfunction()
