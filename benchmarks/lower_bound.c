/* The harmonic sum on one thread, as a bound to aim at: sin(k p) by the complex recurrence z^(k+1) = z^k z, vectorised
 * over the samples of a frame. Amplitudes come at frame rate (after all scaling) and are mixed by a Hann ramp; phases
 * come as radians for each sample. No Nyquist mask by sample: frames were masked before. */

#include <math.h>

#define MAX_HOP 512

void harmonic_sum(const float *phase, const float *amplitudes, float *audio, int frames, int hop, int harmonics) {
    float ramp[MAX_HOP], re[MAX_HOP], im[MAX_HOP], c[MAX_HOP], s[MAX_HOP], y[MAX_HOP];
    for (int r = 0; r < hop; r++) ramp[r] = 0.5f - 0.5f * cosf(3.14159265f * r / hop);
    for (int n = 0; n < frames; n++) {
        const float *a = amplitudes + (long)n * harmonics;
        const float *b = n + 1 < frames ? a + harmonics : a;
        for (int r = 0; r < hop; r++) {
            c[r] = re[r] = cosf(phase[(long)n * hop + r]);
            s[r] = im[r] = sinf(phase[(long)n * hop + r]);
            y[r] = 0.0f;
        }
        for (int k = 0; k < harmonics; k++) {
            const float level = a[k], slope = b[k] - a[k];
            for (int r = 0; r < hop; r++) {
                y[r] += (level + slope * ramp[r]) * im[r];
                const float turned = re[r] * c[r] - im[r] * s[r];
                im[r] = re[r] * s[r] + im[r] * c[r];
                re[r] = turned;
            }
        }
        for (int r = 0; r < hop; r++) audio[(long)n * hop + r] = y[r];
    }
}
