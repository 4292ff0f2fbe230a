// The random numbers that Python draws, so that a seed means the same on a page: torch's Mersenne twister with its two
// ways to a normal number, and NumPy's SFC64 from a given state.
"use strict";
Object.assign(course, (() => {
  class Torch {
    constructor(seed) {
      const state = (this.state = new Uint32Array(624));
      state[0] = seed;
      for (let i = 1; i < 624; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
      this.place = 624;
    }

    bits() {
      const m = this.state;
      if (this.place === 624) {
        for (let i = 0; i < 624; i++) {
          const y = (m[i] & 0x80000000) | (m[(i + 1) % 624] & 0x7fffffff);
          m[i] = m[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
        }
        this.place = 0;
      }
      let y = m[this.place++];
      y ^= y >>> 11;
      y ^= (y << 7) & 0x9d2c5680;
      y ^= (y << 15) & 0xefc60000;
      return (y ^ (y >>> 18)) >>> 0;
    }

    /** Single precision, in [0, 1). */
    uniform() {
      return (this.bits() & 0xffffff) / 2 ** 24;
    }

    /** Double precision: 53 bits of two draws. */
    double() {
      const high = this.bits(), low = this.bits();
      return ((high & 0x1fffff) * 2 ** 32 + low) / 2 ** 53;
    }

    uniforms(n) {
      return Float64Array.from({ length: n }, () => this.uniform());
    }

    /** torch.randn of n single-precision numbers: from 16 on in blocks of 16, fewer one after the other. */
    normals(n) {
      const out = new Float64Array(n);
      if (n < 16) {
        for (let i = 0; i < n; i++) out[i] = Math.fround(this.normal());
        return out;
      }
      for (let i = 0; i < n; i++) out[i] = this.uniform();
      for (let i = 0; i + 15 < n; i += 16) this.block(out, i);
      if (n % 16) {
        for (let i = n - 16; i < n; i++) out[i] = this.uniform();
        this.block(out, n - 16);
      }
      return out;
    }

    block(out, start) {
      for (let j = start; j < start + 8; j++) {
        const radius = Math.sqrt(-2 * Math.log(1 - out[j])), theta = 2 * Math.PI * out[j + 8];
        out[j] = Math.fround(radius * Math.cos(theta));
        out[j + 8] = Math.fround(radius * Math.sin(theta));
      }
    }

    normal() {
      if (this.kept !== undefined) {
        const kept = this.kept;
        this.kept = undefined;
        return kept;
      }
      const first = this.double(), second = this.double();
      const radius = Math.sqrt(-2 * Math.log1p(-second)), theta = 2 * Math.PI * first;
      this.kept = radius * Math.sin(theta);
      return radius * Math.cos(theta);
    }
  }

  /** NumPy's SFC64; the state is eight halves of 32 bits, low before high. */
  class Sfc64 {
    constructor(state) {
      this.s = Uint32Array.from(state);
    }

    /** Fill with numbers in [0, 1) of 24 bits, two of each draw. */
    fill(out) {
      let [al, ah, bl, bh, cl, ch, dl, dh] = this.s;
      for (let i = 0; i < out.length; i += 2) {
        let low = (al >>> 0) + (bl >>> 0), high = ah + bh + (low > 0xffffffff ? 1 : 0);
        low = (low >>> 0) + (dl >>> 0);
        high = (high + dh + (low > 0xffffffff ? 1 : 0)) >>> 0;
        low >>>= 0;
        dl = (dl + 1) >>> 0;
        if (!dl) dh = (dh + 1) >>> 0;
        al = (bl ^ ((bl >>> 11) | (bh << 21))) >>> 0;
        ah = (bh ^ (bh >>> 11)) >>> 0;
        const tl = (cl << 3) >>> 0, th = ((ch << 3) | (cl >>> 29)) >>> 0;
        const sum = cl + tl;
        bl = sum >>> 0;
        bh = (ch + th + (sum > 0xffffffff ? 1 : 0)) >>> 0;
        const rl = ((cl << 24) | (ch >>> 8)) >>> 0, rh = ((ch << 24) | (cl >>> 8)) >>> 0;
        const next = rl + low;
        cl = next >>> 0;
        ch = (rh + high + (next > 0xffffffff ? 1 : 0)) >>> 0;
        out[i] = (low >>> 8) / 2 ** 24;
        if (i + 1 < out.length) out[i + 1] = (high >>> 8) / 2 ** 24;
      }
      this.s = Uint32Array.from([al, ah, bl, bh, cl, ch, dl, dh]);
      return out;
    }
  }

  return { Torch, Sfc64 };
})());
