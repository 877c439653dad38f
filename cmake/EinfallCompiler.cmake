# Flags and helpers shared by all of the project's C++.

# "Dev": optimised enough to be pleasant, assertions on.
set(CMAKE_CXX_FLAGS_DEV "-O1 -gline-tables-only")
set(CMAKE_C_FLAGS_DEV "-O1 -gline-tables-only")

# What refers to a temporary that is gone is wrong, whatever a test says.
add_compile_options(-Wall -Wextra -Wno-unused-parameter
                    $<$<CXX_COMPILER_ID:Clang>:-Werror=dangling>)
# Names the compiler by its content (lib/Driver/BuildId).
add_link_options(-Wl,--build-id=sha1)

find_program(EINFALL_CCACHE ccache)
if(EINFALL_CCACHE)
  # Objects serve every checkout and build folder (docs/architecture.md).
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/cmake/ccache.sh)
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()
