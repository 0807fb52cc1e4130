// The vectors that NIST publishes for SHA-256 (FIPS 180-4 examples and the CAVP's short messages).
#include "data/sha256.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void expect(const void *bytes, size_t count, const char *expected)
{
    struct tuff_sha256 hash;
    uint8_t digest[TUFF_SHA256_BYTES];
    char text[TUFF_SHA256_TEXT_BYTES];
    tuff_sha256_begin(&hash);
    tuff_sha256_add(&hash, bytes, count);
    tuff_sha256_end(&hash, digest);
    tuff_sha256_text(digest, text);
    cr_assert_str_eq(text, expected);
}

Test(sha256, gives_what_nist_publishes)
{
    expect("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    expect("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsm"
           "nopqrst"
           "nopqrstu",
           112, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    expect("\xbd", 1, "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b");
    expect("\xc9\x8c\x8e\x55", 4, "7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504");
}

Test(sha256, gives_what_nist_publishes_for_a_million_letters)
{
    char *letters = malloc(1000000);
    cr_assert_not_null(letters);
    memset(letters, 'a', 1000000);
    expect(letters, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(letters);
}

// Zeros of the lengths about a block's end, which NIST's file of large messages has: 55, 56, 57, 64, 1000
// bytes.
Test(sha256, gives_what_nist_publishes_about_the_end_of_a_block)
{
    static const char zeros[1000];
    expect(zeros, 55, "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7");
    expect(zeros, 56, "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb");
    expect(zeros, 57, "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785");
    expect(zeros, 64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b");
    expect(zeros, 1000, "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53");
}

Test(sha256, takes_bytes_in_pieces_of_any_size)
{
    uint8_t bytes[300], whole[TUFF_SHA256_BYTES], pieces[TUFF_SHA256_BYTES];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 7);
    struct tuff_sha256 hash;
    tuff_sha256_begin(&hash);
    tuff_sha256_add(&hash, bytes, sizeof bytes);
    tuff_sha256_end(&hash, whole);
    for (size_t size = 1; size <= sizeof bytes; size++) {
        tuff_sha256_begin(&hash);
        for (size_t i = 0; i < sizeof bytes; i += size)
            tuff_sha256_add(&hash, bytes + i, i + size < sizeof bytes ? size : sizeof bytes - i);
        tuff_sha256_end(&hash, pieces);
        cr_assert_arr_eq(pieces, whole, sizeof whole, "in pieces of %zu bytes", size);
    }
}
