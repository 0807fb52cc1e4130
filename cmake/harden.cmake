# What makes a memory error a clean end instead of a way in, for optimized builds: bounds that the C library checks
# (_FORTIFY_SOURCE needs optimization), canaries on the stack, code at random addresses, and tables of addresses that are
# read-only once the program has started. Builds with sanitizers have their own checks. tests/install/test_hardening.sh
# looks at what comes out.
if(TUFF_SANITIZE)
    return()
endif()
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
set(optimized $<NOT:$<CONFIG:Debug>>)
# Some distributions' compilers define it themselves.
add_compile_options($<${optimized}:-U_FORTIFY_SOURCE> $<${optimized}:-D_FORTIFY_SOURCE=2> -fstack-protector-strong)
add_link_options(LINKER:-z,relro,-z,now,-z,noexecstack)
