"""The words of an alias, in English and Chinese. Their order is part of the protocol: never insert, only
replace.

Chosen to be kind, short, and free of slang, gender, place and rank in both languages; a test looks for
duplicates.
"""

from typing import Final

# fmt: off
ADJECTIVES: Final = (
    ("calm", "平静"), ("quiet", "安静"), ("gentle", "温和"), ("kind", "善良"),
    ("warm", "温暖"), ("bright", "明亮"), ("brave", "勇敢"), ("bold", "大胆"),
    ("careful", "细心"), ("patient", "耐心"), ("curious", "好奇"), ("cheerful", "开朗"),
    ("merry", "欢快"), ("happy", "快乐"), ("jolly", "愉快"), ("sunny", "阳光"),
    ("lively", "活泼"), ("nimble", "灵巧"), ("agile", "敏捷"), ("swift", "迅捷"),
    ("steady", "稳重"), ("sturdy", "结实"), ("hardy", "坚韧"), ("loyal", "忠诚"),
    ("honest", "诚实"), ("sincere", "真诚"), ("frank", "坦率"), ("polite", "有礼"),
    ("humble", "谦虚"), ("modest", "朴实"), ("graceful", "优雅"), ("elegant", "雅致"),
    ("neat", "整洁"), ("tidy", "利落"), ("tranquil", "宁静"), ("serene", "安详"),
    ("peaceful", "平和"), ("relaxed", "轻松"), ("amber", "琥珀"), ("azure", "蔚蓝"),
    ("crimson", "绯红"), ("emerald", "翡翠"), ("golden", "金色"), ("silver", "银色"),
    ("indigo", "靛蓝"), ("lilac", "丁香"), ("olive", "橄榄"), ("copper", "古铜"),
    ("coral", "珊瑚"), ("turquoise", "松石"), ("violet", "紫色"), ("russet", "赤褐"),
    ("maroon", "栗色"), ("snowy", "雪白"), ("rosy", "玫红"), ("cobalt", "钴蓝"),
    ("minty", "薄荷"), ("starry", "星光"), ("moonlit", "月光"), ("sunlit", "晨光"),
    ("misty", "朦胧"), ("frosty", "凝霜"), ("dewy", "带露"), ("breezy", "和风"),
    ("diligent", "勤奋"), ("earnest", "认真"), ("faithful", "忠实"), ("fair", "公正"),
    ("friendly", "友好"), ("generous", "慷慨"), ("genial", "和蔼"), ("hopeful", "乐观"),
    ("thoughtful", "体贴"), ("mindful", "用心"), ("wise", "睿智"), ("clever", "聪明"),
    ("keen", "敏锐"), ("alert", "机警"), ("candid", "直率"), ("trusty", "可靠"),
    ("helpful", "热心"), ("caring", "贴心"), ("noble", "高尚"), ("gallant", "英勇"),
    ("dauntless", "无畏"), ("resolute", "坚定"), ("tireless", "不倦"), ("devoted", "执着"),
    ("focused", "专注"), ("playful", "俏皮"), ("witty", "风趣"), ("humorous", "幽默"),
    ("jaunty", "洒脱"), ("carefree", "逍遥"), ("easygoing", "随和"), ("cosy", "舒适"),
    ("fluffy", "蓬松"), ("silky", "丝滑"), ("soft", "柔软"), ("striped", "条纹"),
    ("spotted", "斑点"), ("shiny", "闪亮"), ("sparkling", "闪耀"), ("radiant", "灿烂"),
    ("crisp", "清爽"), ("fresh", "清新"), ("clear", "清澈"), ("vivid", "鲜明"),
    ("robust", "健壮"), ("melodic", "悠扬"), ("singing", "歌唱"), ("dancing", "起舞"),
    ("dreaming", "追梦"), ("wandering", "漫游"), ("soaring", "翱翔"), ("gliding", "滑翔"),
    ("leaping", "跃动"), ("smiling", "微笑"), ("listening", "倾听"), ("studious", "好学"),
    ("pensive", "沉思"), ("punctual", "守时"), ("prudent", "谨慎"), ("genuine", "真挚"),
    ("lucky", "幸运"), ("grateful", "感恩"), ("gracious", "亲切"), ("hearty", "豪爽"),
)

ANIMALS: Final = (
    ("otter", "水獭"), ("beaver", "河狸"), ("hedgehog", "刺猬"), ("squirrel", "松鼠"),
    ("chipmunk", "花栗鼠"), ("marmot", "旱獭"), ("hamster", "仓鼠"), ("rabbit", "兔子"),
    ("hare", "野兔"), ("panda", "熊猫"), ("koala", "考拉"), ("kangaroo", "袋鼠"),
    ("wombat", "袋熊"), ("platypus", "鸭嘴兽"), ("echidna", "针鼹"), ("armadillo", "犰狳"),
    ("anteater", "食蚁兽"), ("lemur", "狐猴"), ("meerkat", "狐獴"), ("raccoon", "浣熊"),
    ("lion", "狮子"), ("tiger", "老虎"), ("leopard", "花豹"), ("cheetah", "猎豹"),
    ("lynx", "猞猁"), ("ocelot", "虎猫"), ("puma", "美洲狮"), ("jaguar", "美洲豹"),
    ("serval", "薮猫"), ("cat", "猫咪"), ("elephant", "大象"), ("rhino", "犀牛"),
    ("hippo", "河马"), ("giraffe", "长颈鹿"), ("zebra", "斑马"), ("antelope", "羚羊"),
    ("gazelle", "瞪羚"), ("oryx", "剑羚"), ("bison", "野牛"), ("yak", "牦牛"),
    ("buffalo", "水牛"), ("camel", "骆驼"), ("reindeer", "驯鹿"), ("moose", "驼鹿"),
    ("elk", "马鹿"), ("pony", "小马"), ("chamois", "岩羚羊"), ("sheep", "绵羊"),
    ("goat", "山羊"), ("okapi", "霍加狓"), ("dolphin", "海豚"), ("whale", "鲸鱼"),
    ("orca", "虎鲸"), ("narwhal", "独角鲸"), ("beluga", "白鲸"), ("porpoise", "江豚"),
    ("walrus", "海象"), ("manatee", "海牛"), ("dugong", "儒艮"), ("penguin", "企鹅"),
    ("albatross", "信天翁"), ("pelican", "鹈鹕"), ("flamingo", "火烈鸟"), ("heron", "苍鹭"),
    ("egret", "白鹭"), ("stork", "白鹳"), ("ibis", "朱鹮"), ("swan", "天鹅"),
    ("peacock", "孔雀"), ("quail", "鹌鹑"), ("partridge", "鹧鸪"), ("skylark", "云雀"),
    ("robin", "知更鸟"), ("wren", "鹪鹩"), ("goldfinch", "金翅雀"), ("sparrow", "麻雀"),
    ("magpie", "喜鹊"), ("kingfisher", "翠鸟"), ("hummingbird", "蜂鸟"), ("woodpecker", "啄木鸟"),
    ("oriole", "黄鹂"), ("nightingale", "夜莺"), ("parrot", "鹦鹉"), ("toucan", "巨嘴鸟"),
    ("hoopoe", "戴胜"), ("eagle", "金雕"), ("falcon", "游隼"), ("pika", "鼠兔"),
    ("kestrel", "红隼"), ("puffin", "海鹦"), ("gull", "海鸥"), ("tern", "燕鸥"),
    ("sandpiper", "矶鹬"), ("avocet", "反嘴鹬"), ("curlew", "杓鹬"), ("cormorant", "鸬鹚"),
    ("starling", "椋鸟"), ("waxwing", "太平鸟"), ("hornbill", "犀鸟"), ("lyrebird", "琴鸟"),
    ("sunbird", "太阳鸟"), ("warbler", "柳莺"), ("chickadee", "山雀"), ("crossbill", "交嘴雀"),
    ("spoonbill", "琵鹭"), ("petrel", "海燕"), ("gannet", "鲣鸟"), ("emu", "鸸鹋"),
    ("gecko", "壁虎"), ("iguana", "鬣蜥"), ("salamander", "蝾螈"), ("axolotl", "美西螈"),
    ("trout", "鳟鱼"), ("koi", "锦鲤"), ("sturgeon", "鲟鱼"), ("seahorse", "海马"),
    ("starfish", "海星"), ("octopus", "章鱼"), ("nautilus", "鹦鹉螺"), ("jellyfish", "水母"),
    ("marlin", "旗鱼"), ("manta", "蝠鲼"), ("butterfly", "蝴蝶"), ("dragonfly", "蜻蜓"),
    ("ladybird", "瓢虫"), ("honeybee", "蜜蜂"), ("firefly", "萤火虫"), ("chinchilla", "龙猫"),
)
