/*
 * An Arduino Uno whose serial port is this program's standard input and output.
 *
 *   uno FLASH.bin
 *
 * Bytes arrive as fast as the line carries them. While nothing arrives and the board says nothing,
 * its clock stands still: it would only wait.
 */
#include <poll.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <stdio.h>
#include <unistd.h>

enum { BYTE = 16000000 / 115200 * 10, IDLE = 4000000 }; /* cycles */

static avr_cycle_count_t last;

static void sent(struct avr_irq_t *irq, uint32_t value, void *avr)
{
    const char letter = (char)value;
    (void)irq;
    last = ((avr_t *)avr)->cycle;
    if (write(STDOUT_FILENO, &letter, 1) != 1) {
        _exit(0);
    }
}

int main(int count, char **words)
{
    static uint8_t flash[32768];
    FILE *image = count == 2 ? fopen(words[1], "rb") : NULL;
    avr_t *avr = avr_make_mcu_by_name("atmega328p");
    if (!image || !avr || avr_init(avr)) {
        return 1;
    }
    avr->frequency = 16000000;
    avr_loadcode(avr, flash, (uint32_t)fread(flash, 1, sizeof flash, image), 0);
    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_t *in = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), sent,
                            avr);
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    avr_cycle_count_t next = 0;
    for (;;) {
        const int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed) {
            return 2;
        }
        if (avr->cycle < next) {
            continue;
        }
        next = avr->cycle + BYTE;
        if (poll(&input, 1, avr->cycle > last + IDLE ? -1 : 0) > 0) {
            char letter;
            if (read(STDIN_FILENO, &letter, 1) != 1) {
                return 0;
            }
            last = avr->cycle;
            avr_raise_irq(in, (uint8_t)letter);
        }
    }
}
