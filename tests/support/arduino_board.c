/*
 * An Arduino board for tests: types a file on its serial port, line after line, each when the answer
 * to the one before it has come; prints what the board sends, and its LED.
 *
 *   board MCU FLASH.bin LED TYPED ENDS
 *
 * LED is a port's letter and a bit, as B5. It ends when the board has sent ENDS lines, or has
 * switched its LED so often. The serial port is UART 0, or the USB port of a chip that has one.
 */
#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/avr_usb.h>
#include <simavr/sim_avr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS = 25, MHZ = 16, USB_OUT = 2, USB_IN = 3 };

static int sent_lines, switched;

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
        switched++;
    }
    before = value;
}

/* Plugs a USB port with a serial interface in and opens it, step by step; 1 when it is open. */
static int opened_usb(avr_t *avr)
{
    static const uint8_t requests[][8] = {
        {0x00, 9, 1},       /* SET_CONFIGURATION 1 */
        {0x21, 0x22, 3, 0}, /* SET_CONTROL_LINE_STATE: DTR and RTS */
    };
    static unsigned done;
    if (done == 3) {
        return 1;
    }
    if (avr->cycle < (done + 1) * 10000u * MHZ) { /* 10 ms for each step */
        return 0;
    }
    if (done == 0) {
        avr_ioctl(avr, AVR_IOCTL_USB_VBUS, (void *)1);
        avr_ioctl(avr, AVR_IOCTL_USB_RESET, NULL);
        done++;
    } else {
        uint8_t request[8];
        struct avr_io_usb packet = {0, sizeof request, request};
        memcpy(request, requests[done - 1], sizeof request);
        done += avr_ioctl(avr, AVR_IOCTL_USB_SETUP, &packet) == AVR_IOCTL_USB_OK;
    }
    return 0;
}

/* Every millisecond a computer sends the start of a frame, at which the board sends what waits. */
static void start_frame(avr_t *avr)
{
    enum { UDINT = 0xE1, SOFI = 2, USB_GENERAL = 10 };
    avr->data[UDINT] |= 1 << SOFI;
    for (int i = 0; i < avr->interrupts.vector_count; i++) {
        if (avr->interrupts.vector[i]->vector == USB_GENERAL) {
            avr_raise_interrupt(avr, avr->interrupts.vector[i]);
        }
    }
}

static void take_from_usb(avr_t *avr)
{
    uint8_t bytes[64];
    struct avr_io_usb packet = {0x80 | USB_IN, sizeof bytes, bytes};
    if (avr_ioctl(avr, AVR_IOCTL_USB_READ, &packet) == AVR_IOCTL_USB_OK) {
        for (uint32_t i = 0; i < packet.sz; i++) {
            sent(NULL, bytes[i], NULL);
        }
    }
}

static int given_to_usb(avr_t *avr, int letter)
{
    uint8_t byte = (uint8_t)letter;
    struct avr_io_usb packet = {USB_OUT, 1, &byte};
    return avr_ioctl(avr, AVR_IOCTL_USB_WRITE, &packet) == AVR_IOCTL_USB_OK;
}

int main(int count, char **words)
{
    static uint8_t flash[1 << 18];
    FILE *image = count == 6 ? fopen(words[2], "rb") : NULL;
    FILE *typed = count == 6 ? fopen(words[4], "rb") : NULL;
    avr_t *avr = count == 6 ? avr_make_mcu_by_name(words[1]) : NULL;
    if (!image || !typed || !avr || avr_init(avr)) {
        return 1;
    }
    avr->frequency = MHZ * 1000000;
    avr_loadcode(avr, flash, (uint32_t)fread(flash, 1, sizeof flash, image), 0);
    const int usb = strcmp(words[1], "atmega32u4") == 0;
    uint32_t flags = 0;
    if (!usb) {
        avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
        flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
        avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
        avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT),
                                sent, NULL);
    }
    avr_irq_register_notify(
        avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ(words[3][0]), words[3][1] - '0'), led, NULL);
    const int ends = atoi(words[5]);
    int typed_lines = 0, letter = EOF;
    avr_cycle_count_t next = 0;
    while (sent_lines < ends && switched < ends) {
        const int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed ||
            avr->cycle > (avr_cycle_count_t)SECONDS * MHZ * 1000000) {
            return 2;
        }
        if (avr->cycle < next) {
            continue;
        }
        next = avr->cycle + 20000; /* a letter at 9600 baud takes 16,667 */
        if (usb && opened_usb(avr)) {
            start_frame(avr);
            take_from_usb(avr);
        }
        if (letter == EOF && typed_lines < sent_lines) {
            letter = getc(typed);
        }
        if (letter != EOF) {
            if (!usb) {
                avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT),
                              (uint32_t)letter);
            } else if (!given_to_usb(avr, letter)) {
                continue;
            }
            typed_lines += letter == '\n';
            letter = EOF;
        }
    }
    return 0;
}
