// make_images FOLDER CLASSES COUNT WIDTH HEIGHT: PNG files FOLDER/CLASS/N.png in colour, each class and image
// another.
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int write_image(const char *path, unsigned width, unsigned height, unsigned seed)
{
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_RGB};
    unsigned char *pixels = malloc((size_t)width * height * 3);
    if (pixels == NULL)
        return 0;
    for (size_t i = 0; i < (size_t)width * height * 3; i++) {
        seed = seed * 1664525u + 1013904223u;
        pixels[i] = (unsigned char)(seed >> 24);
    }
    int written = png_image_write_to_file(&image, path, 0, pixels, 0, NULL);
    free(pixels);
    return written;
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    unsigned classes = (unsigned)atoi(argv[2]), count = (unsigned)atoi(argv[3]);
    unsigned width = (unsigned)atoi(argv[4]), height = (unsigned)atoi(argv[5]);
    mkdir(argv[1], 0777);
    for (unsigned c = 0; c < classes; c++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/class-%u", argv[1], c);
        mkdir(path, 0777);
        for (unsigned i = 0; i < count; i++) {
            snprintf(path, sizeof path, "%s/class-%u/%u.png", argv[1], c, i);
            if (!write_image(path, width, height, 1000 * c + i)) {
                perror(path);
                return 1;
            }
        }
    }
    return 0;
}
