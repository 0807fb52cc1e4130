// CRC-32C against RFC 3720, appendix B.4, and the catalogue's check value.
#include <stdio.h>
#include <string.h>

#include "crc32c.h"

static int failures;

static void expect(const char *name, const void *data, size_t bytes, uint32_t expected)
{
    uint32_t found = crc32c(data, bytes);
    if (found == expected)
        return;
    fprintf(stderr, "%s: expected %08x, found %08x\n", name, expected, found);
    failures++;
}

int main(void)
{
    static const uint8_t read_command[48] = {
        0x01, 0xc0, [16] = 0x14, [22] = 0x04, [27] = 0x14, [31] = 0x18, [32] = 0x28, [40] = 0x02,
    };
    uint8_t bytes[32];
    memset(bytes, 0, sizeof bytes);
    expect("32 bytes of zeros", bytes, sizeof bytes, 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    expect("32 bytes of ones", bytes, sizeof bytes, 0x62a8ab43);
    for (uint8_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i;
    expect("32 incrementing bytes", bytes, sizeof bytes, 0x46dd794e);
    for (uint8_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(31 - i);
    expect("32 decrementing bytes", bytes, sizeof bytes, 0x113fdb5c);
    expect("an iSCSI read command", read_command, sizeof read_command, 0xd9963a56);
    expect("digits", "123456789", 9, 0xe3069283);
    expect("nothing", "", 0, 0);
    return failures != 0;
}
