# Runs the conformance program and checks both how it exits and what it says.
# RUNNER, ARGUMENTS (separated by '|'), STATUS (what it must exit with), EXPECT (a regular expression that its output
# must match; may be empty).
string(REPLACE "|" ";" arguments "${ARGUMENTS}")
execute_process(COMMAND ${RUNNER} ${arguments} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
message("${output}")
if(NOT status MATCHES "^(${STATUS})$")
    message(FATAL_ERROR "exit status is '${status}', expected ${STATUS}")
endif()
if(EXPECT AND NOT output MATCHES "${EXPECT}")
    message(FATAL_ERROR "the output does not match '${EXPECT}'")
endif()
