# barnabas_room(NAME USES rooms... [LIBS libraries...])
# One folder under src/ is one static library, barnabas_NAME, of every .cpp in it that is not a test;
# its *_test.cpp become one test program, unit_NAME. A room without files yet is left out.
# src/NAME/room.cmake, where it exists, adds what is special (generated sources).
#
# Headers of others that most sources include are parsed once, in the lowest room and its tests, and shared by all:
# thirteen sources took 45 s of a processor without optimization, and take 28. A source still includes what it uses; a build with
# -DBARNABAS_PRECOMPILED=OFF, as `make check` makes one, does not compile otherwise.
option(BARNABAS_PRECOMPILED "Parse common headers once" ON)
set(precompiled <algorithm> <array> <atomic> <charconv> <chrono> <deque> <expected> <filesystem> <functional> <limits> <map> <memory> <mutex>
  <optional> <set> <span> <string> <string_view> <unordered_map> <utility> <variant> <vector> <fmt/format.h> <spdlog/spdlog.h>)
if(BARNABAS_PRECOMPILED)
  # ccache can tell such builds apart only so.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CMAKE_CXX_COMPILER_LAUNCHER})
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
endif()

function(barnabas_precompiled target first)
  if(BARNABAS_PRECOMPILED AND target STREQUAL first)
    target_precompile_headers(${target} PRIVATE ${precompiled} ${ARGN})
  elseif(BARNABAS_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM ${first})
  endif()
endfunction()

function(barnabas_room name)
  cmake_parse_arguments(ROOM "" "" "USES;LIBS" ${ARGN})
  set(dir ${CMAKE_SOURCE_DIR}/src/${name})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${dir}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(NOT sources)
    return()
  endif()
  add_library(barnabas_${name} STATIC ${sources})
  target_include_directories(barnabas_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(barnabas_${name} PUBLIC Threads::Threads fmt::fmt ${ROOM_LIBS})
  foreach(used ${ROOM_USES})
    if(TARGET barnabas_${used})
      target_link_libraries(barnabas_${name} PUBLIC barnabas_${used})
    endif()
  endforeach()
  barnabas_precompiled(barnabas_${name} barnabas_base)
  if(EXISTS ${dir}/room.cmake)
    include(${dir}/room.cmake)
  endif()
  if(BARNABAS_TESTS AND tests)
    add_executable(unit_${name} ${tests})
    # What is tested is optimized, the tests are not: that halves the time they take to compile.
    target_compile_options(unit_${name} PRIVATE $<$<CONFIG:Release>:-O0>)
    target_link_libraries(unit_${name} PRIVATE barnabas_${name} GTest::gtest GTest::gmock GTest::gtest_main)
    barnabas_precompiled(unit_${name} unit_base <gmock/gmock.h> <gtest/gtest.h>)
  endif()
endfunction()
