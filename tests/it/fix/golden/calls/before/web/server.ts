import bcrypt from "bcrypt";
import express from "express";

const app = express();

app.post("/users", async (req, res) => {
	const hash = bcrypt.hashSync(req.body.password, 12);
	const known = await fetch("https://known.test/" + hash);
	const sent = await fetch("https://mail.test", {
		method: "POST",
		body: hash,
	});
	res.json([known.status, sent.status]);
});
