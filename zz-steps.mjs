import { build } from './bench/build.mjs'
import { register, tokenOf } from './bench/people.mjs'
import { start } from './bench/server.mjs'
const { gatepost } = await build()
const w = await start(gatepost)
const { url, db } = w
const [a] = await register(url, 1)
const { id } = await db.prepare('select id from users').first()
const WORDS=+process.argv[2]||160, POSTS=+process.argv[3]||8000, ROWS=+process.argv[4]||500, BYTES=+process.argv[5]||1e6, MODE=process.argv[6]||'same'
const words = MODE==='short' ? Array.from({length:WORDS},(_, n)=>'a') .join(' ') : Array.from({ length: WORDS }, (_, n) => MODE==='distinct' ? `${(n*7919).toString(36)}` : `word${n}`).join(' ')
for (let i=0;i<POSTS;i+=500) await db.prepare(`with recursive n(i) as (select ?1 union all select i+1 from n where i < ?1+499) insert into posts (author_id,title,content,created_at,updated_at) select ?2, 'Post '||i, ?3 || ' ' || i, 0,0 from n`).bind(i, id, words).run()
await db.prepare('update users set deleted_at=1').run()
const sql=`delete from posts where id in (select id from (
    select id, sum(bytes) over (order by id) - bytes as bytes_before from (
      select id, length(cast(title as blob)) + length(cast(content as blob)) as bytes
      from posts where author_id = ${id} order by id limit ${ROWS}))
    where bytes_before < ${BYTES})`
const d=[]
for(;;){ const t=performance.now(); const r=await db.prepare(sql).run(); if(!r.meta.changes) break; d.push([r.meta.duration, Math.round(performance.now()-t), r.meta.changes]) }
d.sort((x,y)=>x[0]-y[0])
console.log({WORDS,POSTS,ROWS,BYTES,MODE,steps:d.length, median:d[d.length>>1], p90:d[Math.floor(d.length*.9)], max:d.at(-1), changes: Math.max(...d.map(x=>x[2]))})
await w.stop()
