# TUFF_TRAINED_BACKENDS: the backends that this build makes, each of which the training tests run on.
set(TUFF_TRAINED_BACKENDS reference)
if(TUFF_CPU)
    list(APPEND TUFF_TRAINED_BACKENDS cpu)
endif()
if(TUFF_VULKAN)
    list(APPEND TUFF_TRAINED_BACKENDS vulkan)
endif()
if(TARGET tuff-onednn)
    list(APPEND TUFF_TRAINED_BACKENDS onednn)
endif()

# Adds test NAME: COMMAND, with the build's plugins and, if BACKEND is not empty, only that backend under test.
function(tuff_add_training_test name backend)
    add_test(NAME ${name} COMMAND ${ARGN})
    set(environment "TUFF_PLUGIN_PATH=${TUFF_PLUGIN_OUTPUT_DIRECTORY}")
    if(backend)
        list(APPEND environment "TUFF_BACKENDS=${backend}")
    endif()
    set_tests_properties(${name} PROPERTIES
        ENVIRONMENT "${environment}"
        SKIP_REGULAR_EXPRESSION "skipped: [a-z0-9_-]+ cannot be opened, and TUFF_SKIP_BACKENDS names it")
endfunction()
