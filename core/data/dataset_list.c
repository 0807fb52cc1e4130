// The sets that have names.
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "dataset_source.h"
#include "fetch_list.h"

static const char *const digit_names[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
static const char *const fashion_names[] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                            "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
static const char *const kuzushiji_names[] = {"o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"};

static const char *const cifar10_names[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                            "dog",      "frog",       "horse", "ship", "truck"};
static const char *const cifar100_names[] = {
    "apple",      "aquarium_fish", "baby",         "bear",       "beaver",      "bed",         "bee",
    "beetle",     "bicycle",       "bottle",       "bowl",       "boy",         "bridge",      "bus",
    "butterfly",  "camel",         "can",          "castle",     "caterpillar", "cattle",      "chair",
    "chimpanzee", "clock",         "cloud",        "cockroach",  "couch",       "crab",        "crocodile",
    "cup",        "dinosaur",      "dolphin",      "elephant",   "flatfish",    "forest",      "fox",
    "girl",       "hamster",       "house",        "kangaroo",   "keyboard",    "lamp",        "lawn_mower",
    "leopard",    "lion",          "lizard",       "lobster",    "man",         "maple_tree",  "motorcycle",
    "mountain",   "mouse",         "mushroom",     "oak_tree",   "orange",      "orchid",      "otter",
    "palm_tree",  "pear",          "pickup_truck", "pine_tree",  "plain",       "plate",       "poppy",
    "porcupine",  "possum",        "rabbit",       "raccoon",    "ray",         "road",        "rocket",
    "rose",       "sea",           "seal",         "shark",      "shrew",       "skunk",       "skyscraper",
    "snail",      "snake",         "spider",       "squirrel",   "streetcar",   "sunflower",   "sweet_pepper",
    "table",      "tank",          "telephone",    "television", "tiger",       "tractor",     "train",
    "trout",      "tulip",         "turtle",       "wardrobe",   "whale",       "willow_tree", "wolf",
    "woman",      "worm",
};
_Static_assert(sizeof cifar100_names / sizeof *cifar100_names == 100, "CIFAR-100 has a hundred classes");

#define REMEDY(name) "run tuff data fetch " name ", pass --data-dir FOLDER, or use --data digits"

static const struct tuff_dataset_source sources[] = {
    {
        .name = "mnist",
        .description = "handwritten digits",
        .homepage = "http://yann.lecun.com/exdb/mnist/",
        .licence = "CC BY-SA 3.0",
        .channels = 1,
        .height = 28,
        .width = 28,
        .classes = 10,
        .train_count = 60000,
        .test_count = 10000,
        .class_names = digit_names,
        .remedy = REMEDY("mnist"),
        .fetched = &tuff_fetch_mnist,
        .find = tuff_idx_set_find,
        .load = tuff_idx_set_load,
    },
    {
        .name = "fashion-mnist",
        .description = "photographs of clothes",
        .homepage = "https://github.com/zalandoresearch/fashion-mnist",
        .licence = "MIT",
        .channels = 1,
        .height = 28,
        .width = 28,
        .classes = 10,
        .train_count = 60000,
        .test_count = 10000,
        .class_names = fashion_names,
        .remedy = REMEDY("fashion-mnist"),
        .fetched = &tuff_fetch_fashion_mnist,
        .shares_names = true,
        .find = tuff_idx_set_find,
        .load = tuff_idx_set_load,
    },
    {
        .name = "kmnist",
        .description = "cursive Japanese characters",
        .homepage = "https://codh.rois.ac.jp/kmnist/",
        .licence = "CC BY-SA 4.0",
        .channels = 1,
        .height = 28,
        .width = 28,
        .classes = 10,
        .train_count = 60000,
        .test_count = 10000,
        .class_names = kuzushiji_names,
        .remedy = REMEDY("kmnist"),
        .fetched = &tuff_fetch_kmnist,
        .shares_names = true,
        .find = tuff_idx_set_find,
        .load = tuff_idx_set_load,
    },
    {
        .name = "cifar10",
        .description = "small photographs of ten kinds of things",
        .homepage = "https://www.cs.toronto.edu/~kriz/cifar.html",
        .licence = "none is stated",
        .channels = 3,
        .height = 32,
        .width = 32,
        .classes = 10,
        .train_count = 50000,
        .test_count = 10000,
        .class_names = cifar10_names,
        .remedy = REMEDY("cifar10"),
        .fetched = &tuff_fetch_cifar10,
        .find = tuff_cifar_find,
        .load = tuff_cifar_load,
    },
    {
        .name = "cifar100",
        .description = "small photographs of a hundred kinds of things",
        .homepage = "https://www.cs.toronto.edu/~kriz/cifar.html",
        .licence = "none is stated",
        .channels = 3,
        .height = 32,
        .width = 32,
        .classes = 100,
        .train_count = 50000,
        .test_count = 10000,
        .class_names = cifar100_names,
        .remedy = REMEDY("cifar100"),
        .fetched = &tuff_fetch_cifar100,
        .find = tuff_cifar_find,
        .load = tuff_cifar_load,
    },
    {
        .name = "digits",
        .description = "digits that tuff draws itself",
        .homepage = "tuff",
        .licence = "that of tuff",
        .channels = 1,
        .height = 28,
        .width = 28,
        .classes = 10,
        .train_count = 60000,
        .test_count = 10000,
        .class_names = digit_names,
        .load = tuff_digit_set_load,
    },
};

enum { SOURCE_COUNT = sizeof sources / sizeof sources[0] };

const struct tuff_dataset_source *tuff_dataset_source_at(size_t index)
{
    return index < SOURCE_COUNT ? &sources[index] : NULL;
}

enum tuff_status tuff_dataset_source_find(const struct tuff_log *log, const char *name,
                                          const struct tuff_dataset_source **source)
{
    const char *names[SOURCE_COUNT];
    char list[256] = "";
    for (size_t i = 0, used = 0; i < SOURCE_COUNT && used < sizeof list; i++) {
        names[i] = sources[i].name;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : ", ", names[i]);
        if (strcmp(names[i], name) == 0) {
            *source = &sources[i];
            return TUFF_OK;
        }
    }
    *source = NULL;
    const char *nearest = tuff_suggest(name, names, SOURCE_COUNT);
    if (nearest != NULL)
        return tuff_fail(log, TUFF_ERROR_NOT_FOUND,
                         "unknown data set '%s'; did you mean '%s'? (there are: %s, and folders)", name,
                         nearest, list);
    return tuff_fail(log, TUFF_ERROR_NOT_FOUND, "unknown data set '%s' (there are: %s, and folders)", name,
                     list);
}

int tuff_dataset_describe(size_t index, struct tuff_dataset_info *info)
{
    if (index >= SOURCE_COUNT)
        return 0;
    const struct tuff_dataset_source *source = &sources[index];
    struct tuff_dataset_info whole = {
        .size = info->size,
        .name = source->name,
        .description = source->description,
        .homepage = source->homepage,
        .licence = source->licence,
        .channels = source->channels,
        .height = source->height,
        .width = source->width,
        .classes = source->classes,
        .train_count = source->train_count,
        .test_count = source->test_count,
    };
    for (size_t i = 0; source->fetched != NULL && i < source->fetched->file_count; i++)
        whole.download_bytes += source->fetched->files[i].bytes;
    memcpy(info, &whole, info->size < sizeof whole ? info->size : sizeof whole);
    return 1;
}
