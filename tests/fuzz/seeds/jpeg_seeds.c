// jpeg_seeds FOLDER: small JPEG files of all kinds that libjpeg writes. make-corpus builds and runs it.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

// Its header needs FILE and size_t.
#include <jpeglib.h>

enum { WIDTH = 11, HEIGHT = 9, MOST_COMPONENTS = 4 };

struct kind {
    const char *name;
    J_COLOR_SPACE given, stored;
    int components;
    bool subsampled, progressive, arithmetic;
    unsigned restart; // MCUs between restart markers
};

static bool write_kind(const char *folder, const struct kind *kind)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    JSAMPLE row[WIDTH * MOST_COMPONENTS];
    JSAMPROW rows[] = {row};
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.jpg", folder, kind->name);
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return false;
    jpeg.err = jpeg_std_error(&errors); // which ends the process if it fails
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = WIDTH;
    jpeg.image_height = HEIGHT;
    jpeg.input_components = kind->components;
    jpeg.in_color_space = kind->given;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, kind->stored);
    for (int i = 0; i < jpeg.num_components && !kind->subsampled; i++)
        jpeg.comp_info[i].h_samp_factor = jpeg.comp_info[i].v_samp_factor = 1;
    if (kind->progressive)
        jpeg_simple_progression(&jpeg);
    jpeg.arith_code = kind->arithmetic;
    jpeg.restart_interval = kind->restart;
    jpeg.optimize_coding = !kind->arithmetic;
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < HEIGHT; y++) {
        for (int i = 0; i < WIDTH * kind->components; i++)
            row[i] = (JSAMPLE)(i * 29 + y * 17);
        jpeg_write_scanlines(&jpeg, rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return fclose(file) == 0;
}

int main(int argc, char **argv)
{
    static const struct kind kinds[] = {
        {"gray", JCS_GRAYSCALE, JCS_GRAYSCALE, 1, false, false, false, 0},
        {"colour", JCS_RGB, JCS_YCbCr, 3, true, false, false, 0},
        {"rgb", JCS_RGB, JCS_RGB, 3, false, false, false, 1},
        {"inks", JCS_CMYK, JCS_YCCK, 4, false, false, false, 0},
        {"progressive", JCS_RGB, JCS_YCbCr, 3, true, true, false, 0},
        {"arithmetic", JCS_RGB, JCS_YCbCr, 3, true, true, true, 0},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (argc != 2 || !write_kind(argv[1], &kinds[i]))
            return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
