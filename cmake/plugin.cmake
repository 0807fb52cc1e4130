# tuff_add_plugin(NAME source…): a backend plugin, tuff-NAME.so, in the build tree's and the installation's plugin
# folder. The target is called tuff-NAME. It sees the public headers and links against nothing of Tuff's.
function(tuff_add_plugin name)
    add_library(tuff-${name} MODULE ${ARGN})
    target_include_directories(tuff-${name} PRIVATE ${PROJECT_SOURCE_DIR}/core/include)
    set_target_properties(tuff-${name} PROPERTIES
        PREFIX ""
        LIBRARY_OUTPUT_DIRECTORY ${TUFF_PLUGIN_OUTPUT_DIRECTORY})
    if(NOT TUFF_SANITIZE)
        target_link_options(tuff-${name} PRIVATE LINKER:--no-undefined)
    endif()
    install(TARGETS tuff-${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/tuff/plugins)
endfunction()
