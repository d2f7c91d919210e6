# How every addon of the workspace is built. `include` this file, then polyloop_addon(name).

# A shared library of native/*.cc that Node can open.
function(polyloop_addon name)
  set(CMAKE_CXX_STANDARD 17)
  set(CMAKE_CXX_STANDARD_REQUIRED ON)
  set(CMAKE_CXX_EXTENSIONS OFF)
  file(GLOB SOURCES CONFIGURE_DEPENDS native/*.cc)
  add_library(${name} SHARED ${SOURCES} ${CMAKE_JS_SRC})
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".node" CXX_VISIBILITY_PRESET hidden)
  target_include_directories(${name} SYSTEM PRIVATE ${CMAKE_JS_INC})
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../include)
  target_compile_definitions(${name} PRIVATE NAPI_VERSION=8)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Werror)
  # An undefined symbol must fail at load, where the loader can say so, not kill the process at the first call.
  target_link_options(${name} PRIVATE -Wl,-z,now)
  target_link_libraries(${name} PRIVATE ${CMAKE_JS_LIB})
endfunction()
