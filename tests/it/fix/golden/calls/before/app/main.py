import time

import aiohttp
import requests
from fastapi import FastAPI

app = FastAPI()


@app.get("/wait")
async def wait():
    time.sleep(5)
    return {}


@app.get("/price")
async def price(name: str):
    # It is asked anew each time.
    answer = requests.get(
        f"https://prices.test/{name}",
        headers={"Accept": "text/plain"},
    )
    return requests.get("https://prices.test/all").json()["prices"], answer.text


@app.get("/rates")
def rates():
    return requests.get("https://rates.test").json()


@app.get("/news")
async def news():
    async with aiohttp.ClientSession() as session:
        async with session.get("https://news.test") as answer:
            return await answer.json()
