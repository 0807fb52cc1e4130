// What decides the bits of a training, as texts: compared when one is resumed.
#ifndef TUFF_CORE_TRAINING_FACTS_H
#define TUFF_CORE_TRAINING_FACTS_H

#include "trainer_parts.h"

struct tuff_training_fact {
    const char *key;  // in a saved training's header: "option.seed"
    const char *name; // in messages: "seed"
    char *text;
};

// The one that may differ, if the trainer's options say so.
#define TUFF_FACT_LEARNING_RATE "option.learning_rate"

enum { TUFF_TRAINING_MAX_FACTS = 40 };

struct tuff_training_facts {
    size_t count;
    struct tuff_training_fact facts[TUFF_TRAINING_MAX_FACTS];
};

// *facts is to be cleared also after a failure.
TUFF_MUST_CHECK enum tuff_status tuff_training_facts_collect(struct tuff_trainer *trainer,
                                                             struct tuff_training_facts *facts);
void tuff_training_facts_clear(struct tuff_training_facts *facts);

#endif
