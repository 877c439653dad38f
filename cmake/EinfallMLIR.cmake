# LLVM and MLIR 22, and the helpers for code that uses them.

# LLVM's version file accepts an exact major.minor only, so the major is checked here.
find_package(MLIR CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
if(NOT MLIR_FOUND OR NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR
    "LLVM/MLIR 22 was not found. On Debian: apt-get install libmlir-22-dev mlir-22-tools "
    "llvm-22-dev llvm-22-tools clang-22 lld-22, or run ./dev setup.")
endif()
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

# Precompiled headers of everything that most files of the compiler include.
add_library(einfall_pch STATIC ${CMAKE_SOURCE_DIR}/lib/Support/Precompiled.cpp)
target_include_directories(einfall_pch SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_include_directories(einfall_pch PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}
  ${CMAKE_SOURCE_DIR}/runtime/include)
separate_arguments(EINFALL_LLVM_DEFINITIONS NATIVE_COMMAND ${LLVM_DEFINITIONS})
target_compile_definitions(einfall_pch PUBLIC ${EINFALL_LLVM_DEFINITIONS})
target_compile_options(einfall_pch PUBLIC $<$<COMPILE_LANGUAGE:CXX>:-Xclang -fno-pch-timestamp>)
# In brackets CMake includes it by a name without the checkout's path.
target_precompile_headers(einfall_pch PRIVATE <lib/Support/Precompiled.h>)

# einfall_library(NAME SOURCES... [LINK libs...] [DEPENDS targets...])
# Links the MLIR and LLVM dylibs only: mixing in static MLIR breaks silently.
function(einfall_library name)
  cmake_parse_arguments(ARG "" "" "LINK;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC einfall_pch ${ARG_LINK})
  target_precompile_headers(${name} REUSE_FROM einfall_pch)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  foreach(lib ${ARG_LINK})
    if(lib MATCHES "^MLIR." OR lib MATCHES "^LLVM.")
      message(FATAL_ERROR "${name} links ${lib}: link the MLIR and LLVM dylibs instead")
    endif()
  endforeach()
endfunction()

# einfall_executable(NAME SOURCES... [LINK libs...])
function(einfall_executable name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
  # A precompiled header serves one code model only: the libraries'.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  target_precompile_headers(${name} REUSE_FROM einfall_pch)
endfunction()

# einfall_tablegen(TARGET file.td out.inc "-gen-..." [out.inc "-gen-..."]...)
function(einfall_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(args ${ARGN})
  while(args)
    list(POP_FRONT args out flags)
    separate_arguments(flags UNIX_COMMAND "${flags}")
    mlir_tablegen(${out} ${flags} EXTRA_INCLUDES ${CMAKE_SOURCE_DIR} ${MLIR_INCLUDE_DIRS})
  endwhile()
  add_public_tablegen_target(${target})
endfunction()

# einfall_dialect(ein EinDialect-prefix): the fixed file set of a dialect folder.
function(einfall_dialect target prefix dialect)
  set(flags "-dialect=${dialect}")
  foreach(kind ${ARGN})
    if(kind STREQUAL "ops")
      einfall_tablegen(${target}OpsIncGen ${prefix}Ops.td
        ${prefix}Ops.h.inc "-gen-op-decls" ${prefix}Ops.cpp.inc "-gen-op-defs"
        ${prefix}Dialect.h.inc "-gen-dialect-decls ${flags}" ${prefix}Dialect.cpp.inc "-gen-dialect-defs ${flags}")
    elseif(kind STREQUAL "types")
      einfall_tablegen(${target}TypesIncGen ${prefix}Types.td
        ${prefix}Types.h.inc "-gen-typedef-decls ${flags}" ${prefix}Types.cpp.inc "-gen-typedef-defs ${flags}")
    elseif(kind STREQUAL "attrs")
      einfall_tablegen(${target}AttrsIncGen ${prefix}Attrs.td
        ${prefix}Attrs.h.inc "-gen-attrdef-decls ${flags}" ${prefix}Attrs.cpp.inc "-gen-attrdef-defs ${flags}"
        ${prefix}Enums.h.inc "-gen-enum-decls" ${prefix}Enums.cpp.inc "-gen-enum-defs")
    endif()
  endforeach()
endfunction()
