/* A float64 rounded to float32: of a sum, product or quotient of float32 numbers, as C has it. */
const f = Math.fround;

/* The float that IEEE 754 writes in these bits, and the other way round. */
const BITS = new Uint32Array(1), FLOAT = new Float32Array(BITS.buffer);

/* Whether a reading is missing: NaN, or the number that stands for that. */
function missing(sentinel, value) {
  return Number.isNaN(value) || value === sentinel;
}

/* Readings, with fills in the place of missing ones; NaN where there is no fill. */
function filled(fills, sentinels, values) {
  return values.map((value, i) => (missing(sentinels[i], value) ? fills[i] : value));
}

/* Numbers, then 1 or 0 for what is missing, then 1 or 0 for each category. */
function encoded(numbers, indicators, sentinels, categories, codes, given, known) {
  return Float32Array.of(
    ...numbers.map((i) => known[i]),
    ...indicators.map((i) => (missing(sentinels[i], given[i]) ? 1 : 0)),
    ...categories.map((i, k) => (known[i] === codes[k] ? 1 : 0))
  );
}

/* Standardisation of the numbers, which come first. */
function scale(mean, reciprocal, x) {
  return x.map((value, i) => (i < mean.length ? f(value - mean[i]) * reciprocal[i] : value));
}

/* An activation of single numbers, on all of them. */
function each(activation, values) {
  return values.map((value) => activation(value));
}

/* A dense layer: the bias, then the inputs from first to last, rounded after every step. */
function dense(weights, bias, x) {
  let at = 0;
  return bias.map((start) => {
    let sum = start;
    for (let i = 0; i < x.length; i++) {
      sum = f(sum + f(weights[at++] * x[i]));
    }
    return sum;
  });
}

/* A layer whose weights are diagonals side by side, without a bias. */
function diagonal(factors, units, x) {
  return Float32Array.from({ length: units }, (_, i) => {
    let sum = f(factors[i] * x[i]);
    for (let j = i + units; j < x.length; j += units) {
      sum = f(sum + f(factors[j] * x[j]));
    }
    return sum;
  });
}

/* The same with one. */
function diagonal_biased(factors, bias, x) {
  return bias.map((start, i) => {
    let sum = start;
    for (let j = i; j < x.length; j += bias.length) {
      sum = f(sum + f(factors[j] * x[j]));
    }
    return sum;
  });
}

/* Values one after the other. */
function join(...values) {
  const y = new values[0].constructor(values.reduce((sum, value) => sum + value.length, 0));
  let at = 0;
  for (const value of values) {
    y.set(value, at);
    at += value.length;
  }
  return y;
}

/* Values times a gate: one for each, or one for all. */
function times(gate, values) {
  return values.map((value, i) => value * gate[gate.length > 1 ? i : 0]);
}

/* Predictions between two ends; NaN stays NaN. */
function clip(low, high, values) {
  return values.map((value) => (value < low ? low : value > high ? high : value));
}

/* 2^n, n from -126 to 127. */
function power(n) {
  BITS[0] = (n + 127) << 23;
  return FLOAT[0];
}

/* The activations. Each is one of C's, operation by operation: its header says why. */

function relu(x) {
  return x <= 0 ? 0 : x;
}

function leaky_relu(x) {
  return x >= 0 ? x : f(f(0.2) * x);
}

/* Horner's scheme, the coefficient of the highest power first. */
function polynomial(coefficients, x) {
  return coefficients.reduce((p, coefficient) => f(f(p * x) + coefficient));
}

const EXPM1 = Float32Array.of(1.39466696e-3, 8.36671051e-3, 4.16662805e-2, 1.6666542e-1, 0.5);

/* e^r - 1 for |r| up to ln(2) / 2. */
function expm1_near_zero(r) {
  return f(r + f(f(r * r) * polynomial(EXPM1, r)));
}

/* e^x for x <= 0. */
function exp(x) {
  if (!(x >= -87)) {
    return x < 0 ? 0 : x; /* NaN stays NaN */
  }
  const shift = 12582912;
  const whole = f(f(f(x * f(1.44269502)) + shift) - shift);
  const r = f(f(x - f(whole * f(0.693359375))) + f(whole * f(2.12194441e-4)));
  return f(power(whole) * f(1 + expm1_near_zero(r)));
}

/* e^x - 1 for x <= 0. */
function expm1(x) {
  return x > f(-0.34657359) ? expm1_near_zero(x) : f(exp(x) - 1);
}

function elu(x) {
  return x < 0 ? expm1(x) : x;
}

function selu(x) {
  return x < 0 ? f(f(1.75809934) * expm1(x)) : f(f(1.05070098) * x);
}

const TAIL = Float32Array.of(
  3.00635861e-7, -5.3854319e-6, 1.48576137e-5, 3.96425137e-4, -5.32449502e-3, 3.67084332e-2,
  3.18184823e-1, 7.97900081e-1, 6.93146884e-1
);

function gelu(x) {
  const tail = exp(-polynomial(TAIL, x < 0 ? -x : x));
  return f(x * (x < 0 ? tail : f(1 - tail)));
}

function sigmoid(x) {
  const power = exp(x < 0 ? x : -x);
  return f((x < 0 ? power : 1) / f(1 + power));
}

function gelu_tanh(x) {
  return f(x * sigmoid(f(x * f(f(1.59576912) + f(f(7.13548163e-2) * f(x * x))))));
}

function silu(x) {
  return f(x * sigmoid(x));
}

function mish(x) {
  const t = exp(x < 0 ? x : -x);
  const share = x < 0 ? f(t * f(t + 2)) : f(1 + f(2 * t));
  const rest = x < 0 ? 2 : f(f(2 * t) * t);
  return f(x * f(share / f(share + rest)));
}

const LOG1P = Float32Array.of(2.80312747e-1, 2.79978633e-1, 4.00217712e-1, 6.66664124e-1);

function softplus(x) {
  const u = exp(x > 0 ? -x : x);
  const s = f(u / f(2 + u)), ss = f(s * s);
  return f((x > 0 ? x : 0) + f(s * f(2 + f(ss * polynomial(LOG1P, ss)))));
}

function softsign(x) {
  return f(x / f(1 + (x < 0 ? -x : x)));
}

function tanh(x) {
  const t = expm1(x < 0 ? f(2 * x) : f(-2 * x));
  return f((x < 0 ? t : -t) / f(2 + t));
}

function hard_sigmoid(x) {
  return x < -3 ? 0 : x > 3 ? 1 : f(f(x + 3) / 6);
}

function exponential(x) {
  if (x < 0) {
    return exp(x);
  }
  return x >= 64 ? f(f(8886110.5) / exp(f(16 - x))) : f(1 / exp(-x));
}

function square(x) {
  return f(x * x);
}

function rsqrt(x) {
  if (Math.abs(x) < power(-126)) {
    return x < 0 || Object.is(x, -0) ? -Infinity : Infinity;
  }
  if (!(x > 0 && x < Infinity)) {
    return x > 0 ? 0 : NaN;
  }
  FLOAT[0] = x;
  BITS[0] = 0x5f375a86 - (BITS[0] >>> 1);
  let y = FLOAT[0];
  for (let step = 0; step < 3; step++) {
    y = f(y + f(y * f(0.5 - f(f(x * y) * f(0.5 * y)))));
  }
  return y;
}

function softmax(values) {
  const largest = values.reduce((most, value) => (value > most ? value : most));
  const powers = values.map((value) => exp(f(value - largest)));
  const total = powers.reduce((sum, power) => f(sum + power), 0);
  return powers.map((power) => power / total);
}

/* Networks in integers: every number is a float64, which holds them all exactly. */

/* Inputs as integers: (x - low) * factor, clamped to 0 to high, rounded half to even; 0 of NaN. */
function quantise(low, factor, high, x) {
  return Float64Array.from(x, (value, i) => {
    const scaled = f(f(value - low[i]) * factor[i]);
    const clamped = scaled > 0 ? Math.min(scaled, high) : 0;
    return clamped + 2 ** 52 - 2 ** 52; /* which has no fraction */
  });
}

/* A dense layer of integers, before it is requantised. */
function sums(weights, bias, x) {
  let at = 0;
  return bias.map((start) => {
    let sum = start;
    for (let i = 0; i < x.length; i++) {
      sum += weights[at++] * x[i];
    }
    return sum;
  });
}

/* The same of a layer whose weights are diagonals. */
function diagonal_sums(factors, bias, x) {
  return bias.map((start, i) => {
    let sum = start;
    for (let j = i; j < x.length; j += bias.length) {
      sum += factors[j] * x[j];
    }
    return sum;
  });
}

/* An integer, or the end of 0 to high that is nearer. */
function clamp(value, high) {
  return Math.min(Math.max(value, 0), high);
}

/* Pre-activations as integers from 0 to high: sum * multiplier / 2^shift, rounded half up. */
function requantise(multiplier, shift, high, values) {
  return values.map((sum, i) =>
    clamp(Math.floor((sum * multiplier[i] + power(shift[i] - 1)) * power(-shift[i])), high));
}

/* Outputs of int8: several segments added up, each requantised so far above the last. */
function segments(multiplier, shift, high, count, offset, values) {
  let total = values.map(() => 0);
  for (let segment = 0; segment < count; segment++) {
    const apart = values.map((sum, i) => sum - segment * offset[i]);
    const found = requantise(multiplier, shift, high, apart);
    total = total.map((sum, i) => sum + found[i]);
  }
  return total;
}

/* A piecewise-linear function of integers: a point at every 2^shift, rounded half up. */
function interpolate(points, shift, values) {
  const size = power(shift);
  return values.map((value) => {
    const at = Math.floor(value / size);
    const rise = (points[at + 1] - points[at]) * (value - at * size);
    return points[at] + Math.floor((rise + size / 2) / size);
  });
}

/*
 * A polynomial of the fifth degree for each 2^shift integers, the constant first. Coefficients have
 * `guard` binary digits more than the result.
 */
function piecewise(coefficients, shift, guard, high, values) {
  const size = power(shift);
  return values.map((value) => {
    const segment = Math.floor(value / size), beyond = value - segment * size;
    let at = 6 * segment + 5, result = coefficients[at];
    for (let term = 0; term < 5; term++) {
      result = coefficients[--at] + Math.floor((result * beyond) / size);
    }
    return clamp(Math.floor(result * power(-guard) + 0.5), high);
  });
}

/* Predictions: offset + step * (integer - zero). */
function dequantise(offset, step, zero, values) {
  return Float32Array.from(values, (value, i) => offset[i] + f(step[i] * f(value - zero[i])));
}

/* How far integers are below the largest of them. */
function below_largest(values) {
  const largest = Math.max(...values);
  return values.map((value) => largest - value);
}

/* Probabilities: exponentials in integers, each divided by their sum. */
function shares(values) {
  const total = values.reduce((sum, value) => sum + value);
  return Float32Array.from(values, (value) => value / total);
}

const HALVING = Float64Array.of(186065278, 64485200, 14897961, 2576185, 346721, 30849);

/* 2^-(distance / 2^octave) as m 2^-24 2^-halvings: [m, halvings]. */
function halved(distance, octave) {
  const halvings = Math.floor(distance * power(-octave));
  const rest = (distance - halvings * power(octave)) * power(24 - octave);
  const value = HALVING.reduceRight((v, coefficient) =>
    coefficient - Math.floor((v * rest) / 2 ** 24));
  return [Math.floor((2 ** 28 - Math.floor((value * rest) / 2 ** 24) + 8) / 16), halvings];
}

/* An exponential as a float: from 2^-118 down it counts as 0. */
function halved_float([mantissa, halvings], more) {
  return halvings > 117 ? 0 : mantissa * power(-more) * power(-halvings);
}

/* Sigmoids of integers, by exponentials. */
function sigmoid_integers(octave, zero, values) {
  return Float32Array.from(values, (value, i) => {
    const distance = value - zero[i];
    const below = halved_float(halved(Math.abs(distance), octave), 24);
    return (distance < 0 ? below : 1) / f(1 + below);
  });
}

/* Softmax of integers, by exponentials. */
function softmax_integers(octave, values) {
  const found = Array.from(below_largest(values), (distance) => halved(distance, octave));
  const whole = found.map(([mantissa, halvings]) =>
    Math.floor(mantissa * power(-Math.min(halvings, 62))));
  const total = f(whole.reduce((sum, value) => sum + value));
  return Float32Array.from(found, (one) => halved_float(one, 0) / total);
}
