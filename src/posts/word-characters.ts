/**
 * The characters that the tokenizer of `posts_words` makes words of: letters, digits, marks and
 * private use as of Unicode 6.1, and everything that Unicode assigned later. JavaScript has no
 * class with exactly these, and a search word that FTS5 splits is an error (`detail = column`).
 *
 * Two numbers in base 36 for each range: the distance of its first character from the last one of
 * the previous range, and the distance of its last character from its first.
 * `test/posts/word-characters.test.ts` computes them from SQLite.
 */
export const WORD_CHARACTERS =
  '1c 9 8 p 7 p 1c 0 8 1 2 0 4 1 2 2 2 m 2 u 2 cp 5 b f 4 8 0 2 0 i 38 2 7 2 4 3 0 2 31 2 3u 2 ' +
  '4 3 5r 7 14 3 3 2 19 2 0 2 1 2 1 2 17 3 a 6 0 b a 2 1 3 21 5 2t 2 7 3 9 2 i 3 0 f 0 2 6d 5 ' +
  '1h g u 2 78 3 9 2 3k 3 5 3 6r 3 3h 2 3l 9 3n 2 6w 2 3d 2 21 2 e 2 9 3 4k o 1 7 j 2 0 2 0 2 0 ' +
  '5 1y 2 1j 9 0 7 0 e 32 7 25 3 2i 2 gz a 12 b 2t 2 h7 3 g 2 p 3 25 4 1y 3 4c 4 0 5 z c 2 2 8g ' +
  '2 2 3 47 z t 3 3j 8 0 7 4r i 8 a 3i 5 1m 6 1p 3 1r 9 a 2 ko 2 0 4 a 4 c 4 c 4 c 3 0 2u 4 7 9 ' +
  '6 a 6 g r y 5 0 4 q 3 0 5 0 3 9 2 0 4 4 7 0 2 0 2 0 2 3 2 a 3 3 6 4 5 0 2 1r h1 b 14 o c 28 ' +
  '27 l e9 0 3a t qi 2 b ay 7 d 5 0 3 33 2 3y 1c 0 d 1v r 0 2i b 5z p d 3 6 2 q e 2 4 3 4 4 2i ' +
  '3 2 2 2h 2 43 3 3 b v 11 r w a v 7 2 e x 9 14 e 1s 0 75 533 1t h3j 1k 1i 3 7g 4 2n 5 9 2 36 ' +
  '7 7 o 8 3 2u 3 4c 5 9 5 1l 5 2d 3 13 4 1e 3 1a 2 2o e f 3 3f 5 m 4 2r 3 f 3 6w 2 8pf 1kx 5d4 ' +
  '2 3r h aj 3 57 3 f d l 10 0 k 0 5 42 2 0 g 9 8 p 7 p c 3d 8 0 8 9 8 73 4 1f a 1k i 5 d 1f 1a ' +
  'bl 2 1b 2 w5 2 5i 2 u 2 7j a 11 2 54 8 zq 8 30 8 3h 5 3k 5 3om 5 xvv 6v 9 14 1 1p 4 4 5 9 7 ' +
  '3 6 v 3 1d x 1v 2 2 55 2g o9 2 o 2 u 2 o 2 u 2 o 2 u 2 o 2 u 2 o 2 4kr 3 7h 19 3 2t b g 1 f ' +
  '1 g 0 g 1b w 0 1p 3 18 22 u c 18 4 a 6 3 4t y e 7 0 1z 2 l b 12 0 6 k i e 1s 0 2 0 53 0 5 2 ' +
  '1r 1 5 b p 42 1z 3 c 1b 1z 1l 39 gwi4 2 t 2p 47lr'
