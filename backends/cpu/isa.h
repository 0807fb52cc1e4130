// Which instruction set the vector kernels use.
#ifndef TUFF_CPU_ISA_H
#define TUFF_CPU_ISA_H

#include "lanes/table.h"

#define CPU_ISA_VARIABLE "TUFF_CPU_ISA"

// The names that the variable takes here, "avx512, avx2 or baseline", for messages.
extern const char cpu_isa_names[];

// The best table that this processor can run, or the one that the environment variable names; NULL if that
// name is unknown or the processor lacks it.
const struct lanes_table *cpu_isa_choose(void);

#endif
