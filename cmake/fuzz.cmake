# A build of the fuzzers alone (tools/fuzz makes it): the core and the reference backend with libFuzzer's coverage and the
# sanitizers, and tests/fuzz. What lies outside of a type's range is an error, too, where a number is converted.
if(NOT CMAKE_C_COMPILER_ID STREQUAL Clang)
    message(FATAL_ERROR "TUFF_FUZZ needs clang: configure with -DCMAKE_C_COMPILER=clang, or use tools/fuzz")
endif()
set(TUFF_SANITIZE address,undefined,float-cast-overflow)
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -gline-tables-only")
add_compile_options(-fsanitize=fuzzer-no-link,${TUFF_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
add_link_options(-fsanitize=${TUFF_SANITIZE})
include(cmake/plugin.cmake)
add_subdirectory(core)
add_subdirectory(plugins/reference)
add_subdirectory(tests/fuzz)
