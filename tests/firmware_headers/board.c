/*
 * An Arduino Uno for the test of the sketch: types a file on its serial port, line after line,
 * each when the answer to the one before it has come, and prints what it sends and the LED.
 *
 *   board FLASH.bin TYPED LINES
 */
#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <stdio.h>
#include <stdlib.h>

static int sent_lines;

static void sent(struct avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq;
    (void)param;
    putchar((int)value);
    sent_lines += value == '\n';
}

static void led(struct avr_irq_t *irq, uint32_t value, void *param)
{
    static uint32_t before;
    (void)irq;
    (void)param;
    if (value != before) {
        printf("led %u\n", (unsigned)value);
    }
    before = value;
}

int main(int count, char **words)
{
    static uint8_t flash[32768];
    FILE *image = count == 4 ? fopen(words[1], "rb") : NULL;
    FILE *typed = count == 4 ? fopen(words[2], "rb") : NULL;
    avr_t *avr = avr_make_mcu_by_name("atmega328p");
    if (!image || !typed || !avr || avr_init(avr)) {
        return 1;
    }
    avr->frequency = 16000000;
    avr_loadcode(avr, flash, (uint32_t)fread(flash, 1, sizeof flash, image), 0);
    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), sent,
                            NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ('B'), 5), led, NULL);
    const int lines = atoi(words[3]);
    int typed_lines = 0;
    avr_cycle_count_t next = 0;
    while (sent_lines <= lines) {
        const int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed || avr->cycle > 400000000) {
            return 2;
        }
        if (typed_lines < sent_lines && avr->cycle >= next) {
            const int letter = getc(typed);
            if (letter != EOF) {
                avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT),
                              (uint32_t)letter);
                typed_lines += letter == '\n';
            }
            next = avr->cycle + 20000; /* a letter at 9600 baud takes 16,667 */
        }
    }
    return 0;
}
