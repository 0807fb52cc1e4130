#include "fetch_list.h"

// Sizes and SHA-256 of all files are those that TensorFlow Datasets publishes for the same addresses
// (tensorflow_datasets/url_checksums/); the content's of mnist were computed from its files.

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SET(mirrors, files)                                                                                  \
    {                                                                                                        \
        mirrors, COUNT(mirrors), files, COUNT(files)                                                         \
    }

static const char *const mnist_mirrors[] = {
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
};
static const struct tuff_fetch_file mnist_files[] = {
    {"train-images-idx3-ubyte.gz", 9912422,
     "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
     "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 47040016},
    {"train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
     "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 60008},
    {"t10k-images-idx3-ubyte.gz", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
     "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 7840016},
    {"t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
     "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 10008},
};

static const char *const fashion_mnist_mirrors[] = {
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets",
    "https://fashion-mnist.s3.eu-central-1.amazonaws.com",
};
static const struct tuff_fetch_file fashion_mnist_files[] = {
    {"train-images-idx3-ubyte.gz", 26421880,
     "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", NULL, 0},
    {"train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
     NULL, 0},
    {"t10k-images-idx3-ubyte.gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
     NULL, 0},
    {"t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
     NULL, 0},
};

static const char *const kmnist_mirrors[] = {
    "https://codh.rois.ac.jp/kmnist/dataset/kmnist",
    "http://codh.rois.ac.jp/kmnist/dataset/kmnist", // passed over unless http is allowed
};
static const struct tuff_fetch_file kmnist_files[] = {
    {"train-images-idx3-ubyte.gz", 18165135,
     "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4", NULL, 0},
    {"train-labels-idx1-ubyte.gz", 29497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
     NULL, 0},
    {"t10k-images-idx3-ubyte.gz", 3041136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
     NULL, 0},
    {"t10k-labels-idx1-ubyte.gz", 5120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
     NULL, 0},
};

static const char *const cifar_mirrors[] = {
    "https://www.cs.toronto.edu/~kriz",
};
static const struct tuff_fetch_file cifar10_files[] = {
    {"cifar-10-binary.tar.gz", 170052171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
     NULL, 0},
};
static const struct tuff_fetch_file cifar100_files[] = {
    {"cifar-100-binary.tar.gz", 168513733, "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
     NULL, 0},
};

const struct tuff_fetch_set tuff_fetch_mnist = SET(mnist_mirrors, mnist_files),
                            tuff_fetch_fashion_mnist = SET(fashion_mnist_mirrors, fashion_mnist_files),
                            tuff_fetch_kmnist = SET(kmnist_mirrors, kmnist_files),
                            tuff_fetch_cifar10 = SET(cifar_mirrors, cifar10_files),
                            tuff_fetch_cifar100 = SET(cifar_mirrors, cifar100_files);
