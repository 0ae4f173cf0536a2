# What makes a mistake in memory end the program instead of being used, for everything that is built here; tests/repository reads it in the
# built files. Sanitizers watch more than these, and do not see through _FORTIFY_SOURCE.
add_library(latentdial_hardening INTERFACE)
target_compile_options(latentdial_hardening INTERFACE -fstack-protector-strong -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(latentdial_hardening INTERFACE -fcf-protection)
endif()
target_compile_definitions(latentdial_hardening INTERFACE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
if(NOT LATENTDIAL_SANITIZE AND NOT LATENTDIAL_SANITIZE_THREADS)
  # Takes an optimised build; -U, since some compilers define it themselves.
  target_compile_options(latentdial_hardening INTERFACE $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
endif()
target_link_options(latentdial_hardening INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
