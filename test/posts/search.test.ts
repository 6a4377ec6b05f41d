import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call, trips } from '../support/client'
import { readAll, readPage, write } from '../support/posts'
import { freshName, person } from '../support/users'

const find = async (q: string, more = '') =>
  (await readPage(`/api/posts?q=${encodeURIComponent(q)}${more}`)).posts.map((post) => post.id)

/** A word that no other test writes. */
const freshWord = () => freshName('w').replace(/[^a-z0-9]/g, '')

describe('GET /api/posts?q=', () => {
  it('finds words in title and content, whatever their case and diacritics, in one trip', async () => {
    const ann = await person()
    const word = freshWord()
    const { id } = await write(ann, { title: `Crème BRÛLÉE ${word}`, content: 'Zażółć größer' })
    const response = await call('GET', `/api/posts?q=${word}`)
    expect([response.status, trips(response)]).toEqual([200, 1])
    const found = [
      word,
      word.toUpperCase(),
      `creme ${word}`,
      `CRÈME brulee ${word}`,
      `cre\u0300me ${word}`,
      `zazołc ${word}`,
      `größer ${word}`,
      `grosser ${word}`,
      `"creme brulee" ${word}`,
      `"brulee creme" ${word}`,
      `${word}, creme!`,
      `  ${word}\t\ncreme  `,
    ]
    const missed = [`${word} missing`, word.slice(0, -1), `"${word} missing"`]
    // ß is a letter of its own, not an s with a mark.
    for (const q of found.filter((q) => !q.includes('grosser')))
      expect(await find(q), q).toEqual([id])
    for (const q of [...missed, `grosser ${word}`]) expect(await find(q), q).toEqual([])
  })

  it('lists posts with all words in the title first, then the others, newest first in each', async () => {
    const ann = await person()
    const [a, b] = [freshWord(), freshWord()]
    const both = `${a} ${b}`
    const texts = [
      { title: both, content: 'x' },
      { title: 'x', content: both },
      { title: a, content: b },
      { title: `${b} and ${a}`, content: both },
      { title: 'x', content: `${b} then ${a}` },
      { title: a, content: 'x' },
    ]
    const ids: number[] = []
    for (const text of texts) ids.push((await write(ann, text)).id)
    const ranked = [ids[3], ids[0], ids[4], ids[2], ids[1]]
    expect(await find(both)).toEqual(ranked)
    for (const limit of [1, 2, 3])
      expect((await readAll(`/api/posts?q=${a}+${b}`, limit)).map((post) => post.id)).toEqual(
        ranked,
      )
  })

  it('&author= searches the posts of one author', async () => {
    const [ann, bob] = await Promise.all([person('ann'), person('bob')])
    const word = freshWord()
    const mine = [await write(ann, { title: word }), await write(ann, { content: word })]
    await write(bob, { title: word, content: `${word} author ${ann.id}` })
    expect(await find(word, `&author=${ann.id}`)).toEqual(mine.map((post) => post.id))
    expect(await find(`${word} ${ann.id}`, `&author=${ann.id}`), 'the id is no word of it').toEqual(
      [],
    )
  })

  it('reflects changes and deletions of posts and of authors', async () => {
    const ann = await person()
    const [before, after] = [freshWord(), freshWord()]
    const { id } = await write(ann, { title: before })
    const change = { token: ann.token, json: { title: after } }
    await call('PATCH', `/api/posts/${id}`, change)
    expect(await find(before)).toEqual([])
    expect(await find(after)).toEqual([id])
    await call('DELETE', `/api/posts/${id}`, { token: ann.token })
    expect(await find(after)).toEqual([])

    await write(ann, { content: before })
    await env.DB.prepare('delete from users where id = ?').bind(ann.id).run()
    expect(await find(before)).toEqual([])
    const check = "insert into posts_words (posts_words, rank) values ('integrity-check', 0)"
    await expect(env.DB.prepare(check).run()).resolves.toBeTruthy()
    const kept = await env.DB.prepare('select id from posts_words_docsize where id = ?')
      .bind(id)
      .first()
    expect(kept, 'the index has no deleted post').toBeNull()
  })

  it('without a word to look for: all posts for no text, none for signs alone', async () => {
    const ann = await person()
    const { id } = await write(ann)
    for (const q of ['', ' ', '\t\n']) expect((await find(q, '&limit=1'))[0], q).toBe(id)
    for (const q of ['!', '***', '""', '"', '😀', '- -', '\u0000']) {
      expect(await find(q), q).toEqual([])
    }
  })

  it('422 invalid-request at #/q for more than 8 different words', async () => {
    const eight = 'a b c d e f g h'
    const accepted = [
      eight,
      `"${eight}"`,
      'a.b-c/d e+f g,h',
      `${eight} A "b" a.b ${eight}`,
      'a.a.a.a.a.a.a.a.a.b',
    ]
    const refused = [
      `${eight} i`,
      `"${eight} i"`,
      'a.b.c.d.e.f.g.h.i',
      '"a b c d" "e f g h i"',
      '1 2 3 4 5 6 7 8 9',
    ]
    for (const q of accepted) {
      const response = await call('GET', `/api/posts?q=${encodeURIComponent(q)}`)
      expect([response.status, trips(response)], q).toEqual([200, 1])
    }
    for (const q of refused) {
      const response = await call('GET', `/api/posts?q=${encodeURIComponent(q)}`)
      expect([response.status, trips(response)], q).toEqual([422, 0])
      expect(await response.json()).toMatchObject({
        type: '/problems/invalid-request',
        errors: [
          {
            pointer: '#/q',
            detail: 'must have at most 8 different words: runs of letters and digits',
          },
        ],
      })
    }
  })

  it('finds words of scripts with vowel signs, and words beside emoji', async () => {
    const ann = await person()
    const word = freshWord()
    const { id } = await write(ann, { title: `${word} हिन्दी ภาษาไทย`, content: '❤️coffee 1️⃣' })
    for (const q of ['हिन्दी', 'ภาษาไทย', 'coffee', '1'])
      expect(await find(`${word} ${q}`), q).toEqual([id])
    for (const q of ['ह', 'न']) expect(await find(`${word} ${q}`), q).toEqual([])
  })

  it('treats no text as query syntax', async () => {
    const ann = await person()
    const word = freshWord()
    const { id } = await write(ann, { title: word, content: 'and or not near title content' })
    const hostile = [
      `"${word}`,
      `${word}"`,
      `${word}*`,
      `*${word}`,
      `^${word}`,
      `-${word}`,
      `${word} AND OR NOT`,
      `NEAR(${word} title)`,
      `title:${word}`,
      `title : ${word}`,
      `{title content} : ${word}`,
      `(${word}`,
      `${word})`,
      `${word} + and`,
      `${word} -- x`.replace(' x', ''),
      `${word}'; drop table posts; --`,
      `${word}\u0000`,
      `"${word}" "`,
      `""${word}""`,
      `${word} %`,
      `${word} \\`,
      `${'('.repeat(100)}${word}`,
      'a '.repeat(100),
      'a𞤀b 𞤀 a\u0378b \u0301 e\u0301\u0301',
      '"a" '.repeat(50),
      '\ufffe\uffff',
    ]
    for (const q of hostile) {
      const response = await call('GET', `/api/posts?q=${encodeURIComponent(q)}`)
      expect(response.status, q).toBe(200)
    }
    for (const q of hostile.filter((q) => !/drop|NEAR|title:/.test(q) && q.includes(word)))
      expect(await find(q), q).toEqual([id])
    for (const raw of ['%', '%00', '%ff', '%ED%A0%80', '+', '%22']) {
      expect((await call('GET', `/api/posts?q=${raw}`)).status, raw).toBe(200)
    }
  })
})
