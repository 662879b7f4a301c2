import asyncio
import time

import aiohttp
import requests
from fastapi import FastAPI

app = FastAPI()


@app.get("/wait")
async def wait():
    await asyncio.sleep(5)
    return {}


@app.get("/price")
async def price(name: str):
    # It is asked anew each time.
    answer = await asyncio.to_thread(
        requests.get,
        f"https://prices.test/{name}",
        headers={"Accept": "text/plain"},
        timeout=10,
    )
    return (await asyncio.to_thread(requests.get, "https://prices.test/all", timeout=10)).json()["prices"], answer.text


@app.get("/rates")
def rates():
    return requests.get("https://rates.test", timeout=10).json()


@app.get("/news")
async def news():
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        async with session.get("https://news.test") as answer:
            return await answer.json()
