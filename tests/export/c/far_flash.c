/*
 * An AVR that runs a firmware until it sleeps, and prints the bytes of RAM from RESULT on.
 *
 *   far_flash MCU FLASH.bin RESULT BYTES
 */
#include <simavr/sim_avr.h>
#include <simavr/sim_core.h>
#include <stdio.h>
#include <stdlib.h>

static void say_nothing(avr_t *avr, const int level, const char *format, va_list arguments)
{
    (void)avr, (void)level, (void)format, (void)arguments;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        return EXIT_FAILURE;
    }
    avr_global_logger_set(say_nothing);
    avr_t *const avr = avr_make_mcu_by_name(argv[1]);
    FILE *const image = fopen(argv[2], "rb");
    if (avr == NULL || avr_init(avr) != 0 || image == NULL) {
        return EXIT_FAILURE;
    }
    if (fread(avr->flash, 1, avr->flashend + 1, image) == 0) {
        return EXIT_FAILURE;
    }
    int state = cpu_Running;
    while (state == cpu_Running && avr->cycle < 1000000000u) {
        state = avr_run(avr); /* timers and interrupts included */
    }
    fwrite(avr->data + strtoul(argv[3], NULL, 0), 1, strtoul(argv[4], NULL, 0), stdout);
    return state == cpu_Done ? EXIT_SUCCESS : EXIT_FAILURE;
}
